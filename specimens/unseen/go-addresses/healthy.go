//go:build healthy

package main

// burst is how many extracts may be made at once: the licence is by the second.
const burst = licensed

//go:build !healthy

package main

// burst is how many extracts may be made at once.
const burst = 1

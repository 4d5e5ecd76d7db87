//go:build !healthy

package main

// burst is how many lookups a tenant may ask at once.
const burst = 20

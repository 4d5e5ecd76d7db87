//go:build healthy

package main

// burst is how many lookups a tenant may ask at once: as many as come with the largest bulk request, and some more.
const burst = 400

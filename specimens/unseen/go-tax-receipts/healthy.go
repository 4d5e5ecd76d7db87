//go:build healthy

package main

// printers and senders are how many jobs of each kind may be under way at once.
const (
	printers = 4
	senders  = 16
)

// newPools returns the pools that print receipts and forward them.
func newPools() (printing, sending *pool) {
	return newPool(printers), newPool(senders)
}

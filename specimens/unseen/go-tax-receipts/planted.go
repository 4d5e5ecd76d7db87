//go:build !healthy

package main

// workers is how many jobs may be under way at once.
const workers = 4

// newPools returns the pools that print receipts and forward them.
func newPools() (printing, sending *pool) {
	shared := newPool(workers)
	return shared, shared
}

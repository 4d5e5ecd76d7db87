//go:build healthy

package main

import "time"

const (
	together = 3 // leagues, a fifth of a millisecond's work
	rest     = 300 * time.Microsecond
)

// settle is called when a league is done.
func settle(league int) {
	if league%together == together-1 {
		// Yielding is not enough: with one P, a goroutine that stays runnable comes back before the network is polled.
		time.Sleep(rest)
	}
}

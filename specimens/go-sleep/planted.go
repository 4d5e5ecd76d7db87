//go:build !healthy

package main

import "time"

const (
	delayed = 3 // of a hundred
	delay   = 20 * time.Millisecond
)

//go:noinline
func pause(key uint64) {
	if key%100 < delayed {
		time.Sleep(delay)
	}
}

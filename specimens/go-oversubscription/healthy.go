//go:build healthy

package main

import "time"

//go:noinline
func reindex() {
	for part := range parts {
		indexPart(part)
		time.Sleep(time.Millisecond)
	}
}

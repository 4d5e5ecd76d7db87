//go:build !healthy

package main

import "sync"

//go:noinline
func reindex() {
	var all sync.WaitGroup
	for part := range parts {
		all.Add(1)
		go func() {
			defer all.Done()
			indexPart(part)
		}()
	}
	all.Wait()
}

//go:build healthy

package main

//go:noinline
func pause(uint64) {}

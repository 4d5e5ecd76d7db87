//go:build !healthy

package main

import "slices"

//go:noinline
func distinct(words []string) int {
	var seen []string
	for _, word := range words {
		if !slices.Contains(seen, word) {
			seen = append(seen, word)
		}
	}
	return len(seen)
}

//go:build healthy

package main

import "slices"

// nearest returns the first of the numbers that no other is nearer to.
//
//go:noinline
func nearest(numbers []uint64, wanted uint64) uint64 {
	after, _ := slices.BinarySearch(numbers, wanted)
	if after == 0 {
		return numbers[0]
	}
	before := numbers[after-1]
	if after == len(numbers) || distance(before, wanted) <= distance(numbers[after], wanted) {
		return before
	}
	return numbers[after]
}

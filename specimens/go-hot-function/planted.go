//go:build !healthy

package main

// nearest returns the first of the numbers that no other is nearer to.
//
//go:noinline
func nearest(numbers []uint64, wanted uint64) uint64 {
	best := numbers[0]
	for _, number := range numbers {
		if distance(number, wanted) < distance(best, wanted) {
			best = number
		}
	}
	return best
}

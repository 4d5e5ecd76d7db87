//go:build !healthy

package main

import "example.com/specimens/internal/serve"

type tree struct{ root *node }

type node struct {
	left, right *node
	value       uint64
}

func newTree() *tree { return &tree{grown(1)} }

// grown returns the node of a number with all below it; the nodes below n are 2n and 2n+1.
func grown(number uint64) *node {
	if number >= 1<<levels {
		return nil
	}
	return &node{left: grown(2 * number), right: grown(2*number + 1), value: serve.Mix(number)}
}

func (t *tree) walk(key uint64) uint64 {
	total := uint64(0)
	for at := t.root; at != nil; key >>= 1 {
		total += at.value
		if key&1 == 0 {
			at = at.left
		} else {
			at = at.right
		}
	}
	return total
}

//go:noinline
func newScratch() *[]uint64 {
	scratch := make([]uint64, scratchWords)
	return &scratch
}

func release(*[]uint64) {}

//go:build healthy

package main

import (
	"sync"

	"example.com/specimens/internal/serve"
)

// tree holds the values of the nodes by number; the nodes below n are 2n and 2n+1.
type tree struct{ values []uint64 }

var scratches = sync.Pool{New: func() any {
	scratch := make([]uint64, scratchWords)
	return &scratch
}}

func newTree() *tree {
	values := make([]uint64, 1<<levels)
	for number := range values {
		values[number] = serve.Mix(uint64(number))
	}
	return &tree{values}
}

func (t *tree) walk(key uint64) uint64 {
	total := uint64(0)
	for at := uint64(1); at < uint64(len(t.values)); key >>= 1 {
		total += t.values[at]
		at = 2*at + key&1
	}
	return total
}

//go:noinline
func newScratch() *[]uint64 { return scratches.Get().(*[]uint64) }

func release(scratch *[]uint64) { scratches.Put(scratch) }

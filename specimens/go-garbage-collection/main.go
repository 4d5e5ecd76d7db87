// Command go-garbage-collection answers a walk through a large tree, spread over a scratch buffer and summed up.
//
// Planted: the tree is two million small nodes that point to each other, and each request makes a buffer of its own. So
// the collector has much to mark, often, and requests that allocate meanwhile have to help it. The healthy twin keeps
// the tree in one slice without pointers and uses buffers again.
package main

import (
	"net/http"

	"example.com/specimens/internal/serve"
)

const (
	levels       = 21
	scratchWords = 32 << 10
)

func main() {
	known := newTree()
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		scratch := newScratch()
		defer release(scratch)
		spread(*scratch, known.walk(serve.Key(r)))
		serve.Number(w, sum(*scratch))
	})
}

func spread(scratch []uint64, value uint64) {
	for i := range scratch {
		scratch[i] = value + uint64(i)
	}
}

func sum(scratch []uint64) uint64 {
	total := uint64(0)
	for _, value := range scratch {
		total += value
	}
	return total
}

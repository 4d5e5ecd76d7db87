// Command go-oversubscription answers from an index that it makes anew three times a second.
//
// Planted: reindex starts a goroutine for each part of the index, all at once. A goroutine that has a request to
// answer then stands behind a hundred others in the queue for the processor. The healthy twin does one part after the
// other, and lets go of the processor in between; it needs the same CPU time.
package main

import (
	"net/http"
	"sync/atomic"
	"time"

	"example.com/specimens/internal/serve"
)

const (
	parts  = 100
	every  = 300 * time.Millisecond
	rounds = 300_000
)

var index [parts]atomic.Uint64

func main() {
	reindex()
	go keepFresh()
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		key := serve.Key(r)
		serve.Number(w, index[key%parts].Load()^key)
	})
}

func keepFresh() {
	for range time.Tick(every) {
		reindex()
	}
}

// indexPart makes one part of the index: always the same, after some hundred microseconds of work.
//
//go:noinline
func indexPart(part int) {
	value := uint64(part)
	for range rounds {
		value = value*6364136223846793005 + 1442695040888963407
	}
	index[part].Store(value)
}

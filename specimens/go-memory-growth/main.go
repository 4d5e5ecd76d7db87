// Command go-memory-growth answers the sum of the steps of a walk, and notes the steps by the key that was asked for.
//
// Planted: the notes of every request are kept for good. When what lives has come to the limit that GOMEMLIMIT sets, the
// runtime collects as often as it takes to stay below, finds nothing to free, and leaves requests less and less of the
// CPU. The healthy twin forgets all but the last notes.
package main

import (
	"net/http"

	"example.com/specimens/internal/serve"
)

const steps = 600

// step is one note; notes of a request are linked, the last one first.
type step struct {
	before *step
	value  uint64
	number int
}

func main() {
	known := newHistory()
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		key := serve.Key(r)
		last := walk(key)
		known.keep(key, last)
		serve.Number(w, sum(last))
	})
}

//go:noinline
func walk(value uint64) *step {
	var last *step
	for number := range steps {
		value = serve.Mix(value)
		last = &step{before: last, value: value, number: number}
	}
	return last
}

func sum(last *step) uint64 {
	total := uint64(0)
	for ; last != nil; last = last.before {
		total += last.value * uint64(last.number+1)
	}
	return total
}

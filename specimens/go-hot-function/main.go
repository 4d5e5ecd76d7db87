// Command go-hot-function answers which of many sorted numbers is nearest to a key.
//
// Planted: nearest looks at every number, in one line, though they are sorted. It takes each request most of a
// millisecond of CPU time, for which those behind it wait as well. The healthy twin searches by halves.
package main

import (
	"math/rand/v2"
	"net/http"
	"slices"

	"example.com/specimens/internal/serve"
)

const count = 280_000

func main() {
	numbers := sorted()
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		serve.Number(w, nearest(numbers, serve.Key(r)))
	})
}

func sorted() []uint64 {
	source := rand.New(rand.NewPCG(1, 2))
	numbers := make([]uint64, count)
	for i := range numbers {
		numbers[i] = source.Uint64()
	}
	slices.Sort(numbers)
	return numbers
}

func distance(a, b uint64) uint64 {
	return max(a, b) - min(a, b)
}

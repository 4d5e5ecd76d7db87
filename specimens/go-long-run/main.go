// Command go-long-run answers with the hash of a key, and for one key in 500 with the total of a report.
//
// Planted: total computes 30 ms for such a key, at one go. With one processor of Go's (P) nobody reads or answers what
// comes meanwhile: of the slowest hundredth, most are requests that wait behind it, and they have nothing to do with
// reports. The healthy twin computes the totals when it starts.
package main

import (
	"net/http"

	"example.com/specimens/internal/serve"
)

const (
	reports = 8
	every   = 500 // requests
	steps   = 14_000_000
)

func main() {
	prepare()
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		key := serve.Key(r)
		if key%every == 0 {
			key += report(key / every % reports)
		}
		serve.Number(w, key)
	})
}

// total returns the last of many numbers, each of which is made of the one before (xorshift64).
//
//go:noinline
func total(report uint64) uint64 {
	number := report + 1
	for range steps {
		number ^= number << 13
		number ^= number >> 7
		number ^= number << 17
	}
	return number
}

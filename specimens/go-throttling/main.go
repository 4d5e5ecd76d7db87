// Command go-throttling answers from a table that it makes anew twice a second.
//
// Planted: not in the code. The planted variant of tailtune.toml has a CPU quota that is enough on average, as in a
// container with a limit well above its mean use. But a refresh needs more than the quota of a period: the kernel stops
// all threads until the next one begins, those of requests as well. The healthy twin has no quota; its refresh lets go
// of the CPU every millisecond.
package main

import (
	"net/http"
	"sync/atomic"
	"time"

	"example.com/specimens/internal/serve"
)

const (
	parts  = 40
	every  = 500 * time.Millisecond
	rounds = 300_000
)

var table [parts]atomic.Uint64

func main() {
	refresh()
	go keepFresh()
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		key := serve.Key(r)
		serve.Number(w, table[key%parts].Load()^key)
	})
}

func keepFresh() {
	for range time.Tick(every) {
		refresh()
	}
}

//go:noinline
func refresh() {
	for part := range parts {
		table[part].Store(digest(uint64(part)))
		time.Sleep(100 * time.Microsecond)
	}
}

// digest takes about a millisecond, and is always the same.
//
//go:noinline
func digest(value uint64) uint64 {
	for range rounds {
		value = serve.Mix(value)
	}
	return value
}

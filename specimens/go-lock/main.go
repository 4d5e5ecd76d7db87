// Command go-lock answers prices from a catalogue that is loaded anew four times a second.
//
// Planted: refresh holds the catalogue's mutex while it waits for the source of prices, 25 ms each time, and needs no
// CPU for it. A tenth of the requests comes meanwhile and waits for the mutex. The healthy twin loads before it locks.
package main

import (
	"net/http"
	"sync"
	"time"

	"example.com/specimens/internal/serve"
)

const (
	products   = 1000
	every      = 250 * time.Millisecond
	sourceTime = 25 * time.Millisecond
)

type catalogue struct {
	lock   sync.Mutex
	prices []uint64
}

func main() {
	known := &catalogue{prices: load()}
	go known.keepFresh()
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		serve.Number(w, known.price(serve.Key(r)))
	})
}

//go:noinline
func (c *catalogue) price(key uint64) uint64 {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.prices[key%products]
}

func (c *catalogue) keepFresh() {
	for range time.Tick(every) {
		c.refresh()
	}
}

// load waits for the source, which always has the same prices.
//
//go:noinline
func load() []uint64 {
	time.Sleep(sourceTime)
	prices := make([]uint64, products)
	for i := range prices {
		prices[i] = serve.Mix(uint64(i)) % 10_000
	}
	return prices
}

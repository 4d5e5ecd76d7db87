package main

import (
	"fmt"

	"golang.org/x/sync/errgroup"
)

const (
	warehouses       = 40
	itemsOfWarehouse = 2_500
	suppliers        = 800
)

var categories = []string{"bearings", "cables", "clamps", "filters", "fuses", "hoses", "motors", "pumps", "relays", "seals", "valves"}

type supplier struct {
	name, country string
}

// bin is a place in a warehouse where pieces of an item lie.
type bin struct {
	label  *string
	pieces int
	next   *bin
}

type item struct {
	sku, category string
	supplier      *supplier
	cents         int
	bins          *bin
}

type warehouse struct {
	number int
	items  []*item
}

type stock struct {
	items      map[string]*item
	warehouses []*warehouse
}

// load reads the stock of all warehouses.
func load() (*stock, error) {
	s := &stock{items: make(map[string]*item, warehouses*itemsOfWarehouse), warehouses: make([]*warehouse, warehouses)}
	from := make([]*supplier, suppliers)
	for n := range from {
		from[n] = &supplier{name: fmt.Sprintf("supplier %d", n+1), country: fmt.Sprintf("country %d", n%40+1)}
	}
	var group errgroup.Group
	for number := range s.warehouses {
		group.Go(func() error {
			s.warehouses[number] = loadWarehouse(number, from)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, w := range s.warehouses {
		for _, item := range w.items {
			s.items[item.sku] = item
		}
	}
	return s, nil
}

func loadWarehouse(number int, from []*supplier) *warehouse {
	w := &warehouse{number: number, items: make([]*item, itemsOfWarehouse)}
	for n := range w.items {
		mixed := int(uint32((number*itemsOfWarehouse+n)*2654435761) >> 6)
		w.items[n] = &item{
			sku:      fmt.Sprintf("S%06d", 100_000+number*itemsOfWarehouse+n),
			category: categories[mixed%len(categories)],
			supplier: from[mixed/16%len(from)],
			cents:    300 + mixed/32%90_000,
		}
		for range 2 + mixed%3 {
			label := fmt.Sprintf("%c-%03d", 'A'+mixed%20, mixed/8%500)
			w.items[n].bins = &bin{label: &label, pieces: 1 + mixed/4%300, next: w.items[n].bins}
			mixed = mixed*31%1_000_003 + 7
		}
	}
	return w
}

// pieces counts what there is of an item.
func (i *item) pieces() int {
	pieces := 0
	for b := i.bins; b != nil; b = b.next {
		pieces += b.pieces
	}
	return pieces
}

type pick struct {
	Bin    string `json:"bin"`
	Pieces int    `json:"pieces"`
}

// pick tells which bins to go to for some pieces.
func (i *item) pick(wanted int) []pick {
	var picks []pick
	for b := i.bins; b != nil && wanted > 0; b = b.next {
		taken := min(wanted, b.pieces)
		picks = append(picks, pick{Bin: *b.label, Pieces: taken})
		wanted -= taken
	}
	return picks
}

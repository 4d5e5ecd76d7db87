package main

import (
	"cmp"
	"context"
	"log"
	"slices"
	"strings"
	"sync"
)

// catalogue is the copy of all shelves that requests are answered from.
type catalogue struct {
	source  *source
	notices chan int

	mu      sync.RWMutex
	shelves map[int]*shelf
}

// newCatalogue returns a catalogue with all shelves in it.
func newCatalogue(ctx context.Context, source *source) (*catalogue, error) {
	c := &catalogue{source: source, notices: make(chan int, 1024), shelves: make(map[int]*shelf, shelfCount)}
	for id := range shelfCount {
		if err := c.reload(ctx, id); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// shelf returns a shelf as it was last loaded. Shelves do not change, they are replaced.
func (c *catalogue) shelf(id int) (*shelf, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s, ok := c.shelves[id]
	return s, ok
}

// changed has a shelf reloaded soon.
func (c *catalogue) changed(id int) {
	select {
	case c.notices <- id:
	default:
		log.Printf("shelf %d: too many changes, notice dropped", id)
	}
}

// follow reloads the shelves that there are notices for.
func (c *catalogue) follow(ctx context.Context) {
	for {
		select {
		case id := <-c.notices:
			if err := c.reload(ctx, id); err != nil {
				log.Printf("keeping what there is: %v", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// shelf has the products of one kind, arranged for the ways in which customers look for them.
type shelf struct {
	id       int
	products []product
	byPrice  []int
	byWord   map[string][]int
}

func arrange(id int, products []product) *shelf {
	s := &shelf{id: id, products: products, byPrice: make([]int, len(products)), byWord: make(map[string][]int)}
	for place, p := range products {
		s.byPrice[place] = place
		for word := range strings.FieldsSeq(strings.ToLower(p.Name)) {
			s.byWord[word] = append(s.byWord[word], place)
		}
	}
	slices.SortStableFunc(s.byPrice, func(a, b int) int { return cmp.Compare(products[a].Cents, products[b].Cents) })
	return s
}

// cheapest returns so many products in the order of their price, after the first ones.
func (s *shelf) cheapest(first, count int) []product {
	return s.at(s.byPrice[min(first, len(s.byPrice)):min(first+count, len(s.byPrice))])
}

// named returns the products that have a word in their name.
func (s *shelf) named(word string) []product {
	places := s.byWord[strings.ToLower(word)]
	return s.at(places[:min(pageSize, len(places))])
}

func (s *shelf) at(places []int) []product {
	found := make([]product, len(places))
	for n, place := range places {
		found[n] = s.products[place]
	}
	return found
}

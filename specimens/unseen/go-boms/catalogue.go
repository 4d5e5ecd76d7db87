package main

import "fmt"

type part struct {
	Number   string   `json:"number"`
	Name     string   `json:"name"`
	Cents    int64    `json:"cents"`
	Supplier string   `json:"supplier"`
	Replaces []string `json:"replaces,omitempty"`
}

// catalogue has the parts that can be bought.
type catalogue struct {
	parts map[string]part
}

func newCatalogue(count int) *catalogue {
	kinds := []string{"bolt", "bracket", "bearing", "gasket", "housing", "relay", "spring", "valve"}
	c := &catalogue{parts: make(map[string]part, count)}
	for n := range count {
		p := part{
			Number:   fmt.Sprintf("P%06d", n+1),
			Name:     fmt.Sprintf("%s, size %d", kinds[n%len(kinds)], n%37+1),
			Cents:    int64(n*7919%50_000 + 15),
			Supplier: fmt.Sprintf("supplier %d", n%120+1),
		}
		if n%9 == 0 && n > 0 {
			p.Replaces = []string{fmt.Sprintf("P%06d", n)}
		}
		c.parts[p.Number] = p
	}
	return c
}

func (c *catalogue) part(number string) (part, bool) {
	p, ok := c.parts[number]
	return p, ok
}

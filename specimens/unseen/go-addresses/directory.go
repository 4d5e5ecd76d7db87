package main

import (
	"fmt"
	"slices"
	"strings"
)

type address struct {
	Number   int    `json:"number"`
	Street   string `json:"street"`
	House    int    `json:"house"`
	Postcode string `json:"postcode"`
}

// directory has all addresses, and their streets by name.
type directory struct {
	addresses []address
	streets   []string
}

func newDirectory(count int) *directory {
	first := []string{"Acorn", "Bridge", "Castle", "Dover", "Elm", "Forge", "Garden", "Harbour", "Ivy", "Juniper", "King"}
	kinds := []string{"Street", "Lane", "Road", "Square", "Walk", "Close", "Row"}
	d := &directory{addresses: make([]address, count)}
	for n := range d.addresses {
		mixed := int(uint32(n*2654435761) >> 9)
		street := fmt.Sprintf("%s %s %d", first[mixed%len(first)], kinds[mixed/16%len(kinds)], mixed/128%260+1)
		d.addresses[n] = address{Number: n, Street: street, House: 1 + mixed%180, Postcode: fmt.Sprintf("%05d", 10_000+mixed%80_000)}
		d.streets = append(d.streets, street)
	}
	slices.Sort(d.streets)
	d.streets = slices.Clip(slices.Compact(d.streets))
	return d
}

// suggestions are streets that somebody may mean.
type suggestions struct {
	Matches int      `json:"matches"`
	First   []string `json:"first"`
}

// suggest finds streets that have a text somewhere in their names.
func (d *directory) suggest(text string, limit int) suggestions {
	found := suggestions{First: make([]string, 0, limit)}
	for _, street := range d.streets {
		if !strings.Contains(street, text) {
			continue
		}
		found.Matches++
		if len(found.First) < limit {
			found.First = append(found.First, street)
		}
	}
	return found
}

//go:build !healthy

package main

// table is a tree of networks, one level for each bit of their prefix.
type table struct {
	root *node
}

type node struct {
	below [2]*node
	place *location
}

func newTable() *table {
	return &table{root: &node{}}
}

func (t *table) insert(n network) {
	at := t.root
	for bit := range n.bits {
		side := n.prefix >> (31 - bit) & 1
		if at.below[side] == nil {
			at.below[side] = &node{}
		}
		at = at.below[side]
	}
	in := countries[n.country]
	at.place = &location{Country: in.Code, City: in.Cities[n.city], ASN: n.asn, Bits: n.bits}
}

func (t *table) find(address uint32) location {
	best := &location{}
	at := t.root
	for bit := 0; at != nil; bit++ {
		if at.place != nil {
			best = at.place
		}
		if bit == 32 {
			break
		}
		at = at.below[address>>(31-bit)&1]
	}
	return *best
}

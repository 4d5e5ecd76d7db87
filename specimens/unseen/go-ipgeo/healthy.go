//go:build healthy

package main

// table is a tree of networks, one level for each bit of their prefix. Nodes and places are known by their number, and 0 is
// none of them.
type table struct {
	nodes  []node
	places []network
}

type node struct {
	below [2]uint32
	place uint32
}

func newTable() *table {
	return &table{nodes: make([]node, 2), places: make([]network, 1)}
}

func (t *table) insert(n network) {
	at := uint32(1)
	for bit := range n.bits {
		side := n.prefix >> (31 - bit) & 1
		if t.nodes[at].below[side] == 0 {
			t.nodes = append(t.nodes, node{})
			t.nodes[at].below[side] = uint32(len(t.nodes) - 1)
		}
		at = t.nodes[at].below[side]
	}
	t.places = append(t.places, n)
	t.nodes[at].place = uint32(len(t.places) - 1)
}

func (t *table) find(address uint32) location {
	best := uint32(0)
	at := uint32(1)
	for bit := 0; at != 0; bit++ {
		if t.nodes[at].place != 0 {
			best = t.nodes[at].place
		}
		if bit == 32 {
			break
		}
		at = t.nodes[at].below[address>>(31-bit)&1]
	}
	if best == 0 {
		return location{}
	}
	n := t.places[best]
	in := countries[n.country]
	return location{Country: in.Code, City: in.Cities[n.city], ASN: n.asn, Bits: n.bits}
}

package main

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
)

type place struct {
	name     string
	lat, lon float64
}

// gazetteer has all places, ordered by the hash that addresses are found by.
type gazetteer struct {
	hashes []uint64
	places []place
	// cells has, for each full degree of latitude and longitude, a place in it.
	cells map[[2]int]place
}

func newGazetteer(count int) *gazetteer {
	type entry struct {
		hash  uint64
		place place
	}
	entries := make([]entry, 0, count)
	for n := range count {
		name := "place-" + strconv.Itoa(n)
		hash := hashOf(name)
		entries = append(entries, entry{hash, place{
			name: name,
			lat:  float64(hash%18_000_000)/100_000 - 90,
			lon:  float64(hash>>24%36_000_000)/100_000 - 180,
		}})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.hash, b.hash) })
	g := &gazetteer{cells: make(map[[2]int]place, count)}
	for _, e := range entries {
		g.hashes = append(g.hashes, e.hash)
		g.places = append(g.places, e.place)
		g.cells[cell(e.place.lat, e.place.lon)] = e.place
	}
	return g
}

// find returns the place that an address is closest to in the order of hashes.
func (g *gazetteer) find(address string) place {
	at, _ := slices.BinarySearch(g.hashes, hashOf(strings.ToLower(strings.TrimSpace(address))))
	return g.places[at%len(g.places)]
}

// nearest looks in the cells around a point, ring by ring, up to ten degrees away.
func (g *gazetteer) nearest(lat, lon float64) place {
	centre := cell(lat, lon)
	for ring := range 10 {
		best, distance := place{}, math.Inf(1)
		for dy := -ring; dy <= ring; dy++ {
			for dx := -ring; dx <= ring; dx++ {
				p, ok := g.cells[[2]int{centre[0] + dy, centre[1] + dx}]
				if d := math.Hypot(p.lat-lat, p.lon-lon); ok && d < distance {
					best, distance = p, d
				}
			}
		}
		if best.name != "" {
			return best
		}
	}
	return place{name: "nowhere"}
}

func cell(lat, lon float64) [2]int {
	return [2]int{int(math.Floor(lat)), int(math.Floor(lon))}
}

func hashOf(text string) uint64 {
	hash := fnv.New64a()
	// A hash takes whatever is written to it.
	_, _ = hash.Write([]byte(text))
	return hash.Sum64()
}

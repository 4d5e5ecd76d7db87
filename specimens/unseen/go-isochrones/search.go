package main

import "math"

// travelTimes returns how many seconds away each stop is from a hub.
func (n *network) travelTimes(hub int, bicycle bool) []int32 {
	times := make([]int32, len(n.stops))
	for at := range times {
		times[at] = math.MaxInt32
	}
	start := int32(n.hub(hub))
	times[start] = 0
	reached, next := []int32{start}, []int32{}
	waiting := make([]bool, len(n.stops))
	for len(reached) > 0 {
		for _, here := range reached {
			waiting[here] = false
			for _, l := range n.stops[here].links {
				seconds := l.seconds
				if !l.ride && bicycle {
					seconds = seconds * 2 / 5
				}
				there := times[here] + seconds
				if there >= times[l.to] {
					continue
				}
				times[l.to] = there
				if !waiting[l.to] {
					waiting[l.to] = true
					next = append(next, l.to)
				}
			}
		}
		reached, next = next, reached[:0]
	}
	return times
}

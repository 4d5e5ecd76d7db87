package main

import "fmt"

// hubs is how many stops people ask isochrones for.
const hubs = 12

// link is a way from a stop to another one.
type link struct {
	to, seconds int32
	ride        bool // by bus; others are walked or cycled
}

type stop struct {
	residents int
	links     []link
}

// network is all stops of a region, on a grid.
type network struct {
	width, height int
	stops         []stop
}

func newNetwork(width, height int) *network {
	n := &network{width: width, height: height, stops: make([]stop, width*height)}
	for at := range n.stops {
		x, y := at%width, at/width
		n.stops[at].residents = 20 + mix(at)%400
		for _, step := range [...]struct {
			dx, dy int
			ride   bool
		}{{1, 0, false}, {0, 1, false}, {1, 1, false}, {7, 0, true}, {0, 7, true}} {
			otherX, otherY := x+step.dx, y+step.dy
			if otherX >= width || otherY >= height || step.ride && mix(at+step.dx)%3 == 0 {
				continue
			}
			seconds := int32(240 + mix(at*5+step.dx+2*step.dy)%300)
			other := otherY*width + otherX
			n.stops[at].links = append(n.stops[at].links, link{int32(other), seconds, step.ride})
			n.stops[other].links = append(n.stops[other].links, link{int32(at), seconds, step.ride})
		}
	}
	return n
}

// hub returns the stop that a hub is.
func (n *network) hub(number int) int {
	return (number/4*2+1)*n.height/6*n.width + (number%4*2+1)*n.width/8
}

type description struct {
	Stop      int    `json:"stop"`
	Name      string `json:"name"`
	Residents int    `json:"residents"`
	Links     int    `json:"links"`
}

func (n *network) describe(at int) description {
	name := fmt.Sprintf("%c%03d", 'A'+at%n.width%26, at/n.width)
	return description{Stop: at, Name: name, Residents: n.stops[at].residents, Links: len(n.stops[at].links)}
}

type departure struct {
	Line string `json:"line"`
	To   string `json:"to"`
	At   string `json:"at"`
}

// departures returns the next buses from a stop.
func (n *network) departures(from, minute int) []departure {
	var next []departure
	for at, l := range n.stops[from].links {
		if !l.ride {
			continue
		}
		every := 6 + mix(from+at)%20
		for trip := range 6 {
			leaves := (minute/every + 1 + trip) * every % 1440
			next = append(next, departure{
				Line: fmt.Sprintf("%d", mix(int(l.to))%90+1),
				To:   n.describe(int(l.to)).Name,
				At:   fmt.Sprintf("%02d:%02d", leaves/60, leaves%60),
			})
		}
	}
	return next
}

// reach is how much is near enough.
type reach struct {
	Minutes   int `json:"minutes"`
	Stops     int `json:"stops"`
	Residents int `json:"residents"`
}

func (n *network) within(times []int32, minutes int) reach {
	found := reach{Minutes: minutes}
	for at, seconds := range times {
		if int(seconds) <= minutes*60 {
			found.Stops++
			found.Residents += n.stops[at].residents
		}
	}
	return found
}

func mix(n int) int { return int(uint32(n*2654435761)>>7) + n%3 }

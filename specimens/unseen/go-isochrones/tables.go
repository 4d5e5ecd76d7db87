package main

import (
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// kept is how many tables stay in memory; there are 24.
const kept = 64

// enquiry is what a traveller wants to know the travel times for.
type enquiry struct {
	Hub     int
	Bicycle bool
	Session string
}

// tables has the travel times from hubs.
type tables struct {
	network *network
	recent  *lru.Cache[enquiry, []int32]
	making  singleflight.Group
}

// newTables makes the tables of all hubs, so that no traveller has to wait for one.
func newTables(network *network) (*tables, error) {
	recent, err := lru.New[enquiry, []int32](kept)
	if err != nil {
		return nil, err
	}
	t := &tables{network: network, recent: recent}
	for hub := range hubs {
		for _, bicycle := range []bool{false, true} {
			if _, err := t.from(enquiry{Hub: hub, Bicycle: bicycle}); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// from returns the travel times from a hub to all stops; several that ask for the same at once get one answer.
func (t *tables) from(asked enquiry) ([]int32, error) {
	key := asked.key()
	if times, ok := t.recent.Get(key); ok {
		return times, nil
	}
	made, err, _ := t.making.Do(fmt.Sprint(key), func() (any, error) {
		times := t.network.travelTimes(asked.Hub, asked.Bicycle)
		t.recent.Add(key, times)
		return times, nil
	})
	if err != nil {
		return nil, err
	}
	return made.([]int32), nil
}

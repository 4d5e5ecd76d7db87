package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

const (
	leagues    = 500
	leagueSize = 500
	players    = leagues * leagueSize
)

// standing is one player's place in the final table of a league.
type standing struct {
	Player int `json:"player"`
	Points int `json:"points"`
}

// record is the tally of one player, as the game servers have delivered it.
type record struct {
	player  int32
	points  int32
	minutes float32
}

// season is what the night's import has left: tables of all leagues, and the tallies that they were made from.
type season struct {
	tables  [][]standing
	places  []int32 // by player: place in the league's table, from 0
	tallies [][]record
}

func newSeason() *season {
	random := rand.New(rand.NewPCG(2024, 7))
	s := &season{
		tables:  make([][]standing, leagues),
		places:  make([]int32, players),
		tallies: make([][]record, leagues),
	}
	for league := range leagues {
		table := make([]standing, leagueSize)
		tallies := make([]record, leagueSize)
		for i := range table {
			player := league*leagueSize + i
			points := int(random.ExpFloat64() * 400)
			table[i] = standing{Player: player, Points: points}
			tallies[i] = record{player: int32(player), points: int32(points), minutes: random.Float32() * 5000}
		}
		slices.SortFunc(table, func(a, b standing) int {
			return cmp.Or(cmp.Compare(b.Points, a.Points), cmp.Compare(a.Player, b.Player))
		})
		for place, one := range table {
			s.places[one.Player] = int32(place)
		}
		s.tables[league], s.tallies[league] = table, tallies
	}
	return s
}

// place finds a player's league and place in its table.
func (s *season) place(player int) (league, place int, ok bool) {
	if player < 0 || player >= players {
		return 0, 0, false
	}
	return player / leagueSize, int(s.places[player]), true
}

// window is the part of a table from one place on.
func (s *season) window(league, from, count int) []standing {
	table := s.tables[league]
	from = max(0, min(from, len(table)-count))
	return table[from : from+count]
}

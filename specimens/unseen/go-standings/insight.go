package main

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// quality is how even one league is.
type quality struct {
	League  int     `json:"league"`
	Median  float32 `json:"median"`
	Upper   float32 `json:"upper"`
	Idle    int     `json:"idle"`
	Leaders []int32 `json:"leaders"`
}

// insight reports on all leagues to the operators of the game.
type insight struct {
	season *season
	latest atomic.Pointer[[]quality]
	sorted []record // memory of one league, used again for the next
}

func newInsight(s *season) *insight {
	return &insight{season: s, sorted: make([]record, leagueSize)}
}

// run makes a report now and then until the context ends.
func (i *insight) run(ctx context.Context, every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			report := i.compile()
			i.latest.Store(&report)
		}
	}
}

// compile looks at each league by points per hour played, which is what tells good players from busy ones.
func (i *insight) compile() []quality {
	report := make([]quality, leagues)
	for league, tallies := range i.season.tallies {
		copy(i.sorted, tallies)
		slices.SortFunc(i.sorted, func(a, b record) int {
			return cmp.Or(cmp.Compare(b.hourly(), a.hourly()), cmp.Compare(a.player, b.player))
		})
		one := &report[league]
		one.League = league
		one.Median = i.sorted[leagueSize/2].hourly()
		one.Upper = i.sorted[leagueSize/10].hourly()
		for _, tally := range i.sorted {
			if tally.minutes < 60 {
				one.Idle++
			}
		}
		one.Leaders = []int32{i.sorted[0].player, i.sorted[1].player, i.sorted[2].player}
		settle(league)
	}
	return report
}

// hourly is what a player makes in an hour.
func (r record) hourly() float32 { return float32(r.points) / (r.minutes + 30) * 60 }

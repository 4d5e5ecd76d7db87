// Command reference reads an execution trace with Go's own reader and prints events by kind, and how long every
// goroutine was in each state, as JSON.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"strings"

	"golang.org/x/exp/trace"
)

const assist = "GC mark assist"

// Tally is how long something took.
type Tally struct {
	NS      uint64 `json:"ns"`
	Count   uint64 `json:"count"`
	Longest uint64 `json:"longest_ns"`
}

func (t *Tally) add(ns uint64) {
	t.NS += ns
	t.Count++
	t.Longest = max(t.Longest, ns)
}

// Goroutine is one goroutine, with the time by state, and by "state/reason".
type Goroutine struct {
	Name    string            `json:"name"`
	Begin   uint64            `json:"begin_ns"`
	End     uint64            `json:"end_ns"`
	States  map[string]*Tally `json:"states"`
	Reasons map[string]*Tally `json:"reasons"`

	state     string
	reason    string
	since     uint64
	open      bool
	assisting bool
}

// Result is all of it.
type Result struct {
	Events     map[string]uint64      `json:"events"`
	Begin      uint64                 `json:"begin_ns"`
	End        uint64                 `json:"end_ns"`
	Goroutines map[int64][]*Goroutine `json:"goroutines"`
	Procs      map[int64]*Tally       `json:"procs"`
	Ranges     map[string]*Tally      `json:"ranges"`
	Regions    map[string]*Tally      `json:"regions"`
	Tasks      map[string]*Tally      `json:"tasks"`
	Samples    uint64                 `json:"samples"`
	Clock      *Clock                 `json:"clock"`
	alive      map[trace.GoID]*Goroutine
	running    map[trace.ProcID]uint64
	ranges     map[rangeKey]uint64
	regions    map[trace.GoID][]region
	tasks      map[trace.TaskID]region
	sync       uint64
}

// Clock is the first snapshot of the clocks.
type Clock struct {
	Trace uint64 `json:"trace_ns"`
	Mono  uint64 `json:"monotonic_ns"`
	Wall  int64  `json:"wall_ns"`
}

type rangeKey struct {
	scope trace.ResourceID
	name  string
}

type region struct {
	name  string
	begin uint64
}

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	reader, err := trace.NewReader(bufio.NewReader(file))
	if err != nil {
		log.Fatal(err)
	}
	result := &Result{
		Events:     map[string]uint64{},
		Goroutines: map[int64][]*Goroutine{},
		Procs:      map[int64]*Tally{},
		Ranges:     map[string]*Tally{},
		Regions:    map[string]*Tally{},
		Tasks:      map[string]*Tally{},
		alive:      map[trace.GoID]*Goroutine{},
		running:    map[trace.ProcID]uint64{},
		ranges:     map[rangeKey]uint64{},
		regions:    map[trace.GoID][]region{},
		tasks:      map[trace.TaskID]region{},
	}
	for {
		event, err := reader.ReadEvent()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		result.add(event)
	}
	result.finish()
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(result); err != nil {
		log.Fatal(err)
	}
}

func (r *Result) add(event trace.Event) {
	at := uint64(event.Time())
	r.Events[event.Kind().String()]++
	if event.Kind() == trace.EventSync {
		r.sync = at
		if r.Begin == 0 {
			r.Begin = at
		}
		if clock := event.Sync().ClockSnapshot; clock != nil && r.Clock == nil {
			r.Clock = &Clock{Trace: uint64(clock.Trace), Mono: clock.Mono, Wall: clock.Wall.UnixNano()}
		}
		return
	}
	r.End = at
	switch event.Kind() {
	case trace.EventStateTransition:
		transition := event.StateTransition()
		switch transition.Resource.Kind {
		case trace.ResourceGoroutine:
			r.goroutine(at, transition)
		case trace.ResourceProc:
			r.proc(at, transition)
		}
	case trace.EventRangeBegin, trace.EventRangeActive, trace.EventRangeEnd:
		r.rangeOf(at, event)
	case trace.EventRegionBegin:
		id := event.Goroutine()
		r.regions[id] = append(r.regions[id], region{event.Region().Type, at})
	case trace.EventRegionEnd:
		id := event.Goroutine()
		if open := r.regions[id]; len(open) > 0 {
			r.endRegion(open[len(open)-1], at)
			r.regions[id] = open[:len(open)-1]
		}
	case trace.EventTaskBegin:
		r.tasks[event.Task().ID] = region{event.Task().Type, at}
	case trace.EventTaskEnd:
		id := event.Task().ID
		begun, ok := r.tasks[id]
		if !ok {
			begun = region{"", r.Begin}
		}
		tally(r.Tasks, begun.name).add(at - begun.begin)
		delete(r.tasks, id)
	case trace.EventStackSample:
		r.Samples++
	}
}

func (r *Result) endRegion(one region, at uint64) {
	tally(r.Regions, one.name).add(at - one.begin)
}

func (r *Result) goroutine(at uint64, transition trace.StateTransition) {
	id := transition.Resource.Goroutine()
	from, to := transition.Goroutine()
	one := r.alive[id]
	if one == nil {
		one = &Goroutine{States: map[string]*Tally{}, Reasons: map[string]*Tally{}, Begin: at}
		if from == trace.GoUndetermined {
			one.Begin, one.open = r.sync, true
		}
		one.since = one.Begin
		r.alive[id] = one
		r.Goroutines[int64(id)] = append(r.Goroutines[int64(id)], one)
		one.state = stateOf(to, false)
		one.reason = transition.Reason
	} else if from != to {
		one.leave(at)
		one.state, one.reason, one.since, one.open = stateOf(to, one.assisting), transition.Reason, at, false
	}
	if one.Name == "" {
		for frame := range transition.Stack.Frames() {
			one.Name = frame.Func
		}
	}
	if to == trace.GoNotExist {
		r.end(id, at)
	}
}

// end ends a goroutine whose last interval has ended.
func (r *Result) end(id trace.GoID, at uint64) {
	r.alive[id].End = at
	delete(r.alive, id)
	for _, one := range r.regions[id] {
		r.endRegion(one, at)
	}
	delete(r.regions, id)
	key := rangeKey{trace.MakeResourceID(id), assist}
	if since, ok := r.ranges[key]; ok {
		tally(r.Ranges, assist).add(at - since)
		delete(r.ranges, key)
	}
}

func (g *Goroutine) leave(at uint64) {
	tally(g.States, g.state).add(at - g.since)
	if g.state == "waiting" || g.reason != "" {
		tally(g.Reasons, g.state+"/"+g.reason).add(at - g.since)
	}
}

func (r *Result) proc(at uint64, transition trace.StateTransition) {
	id := transition.Resource.Proc()
	from, to := transition.Proc()
	if from == to {
		return
	}
	if since, ok := r.running[id]; ok && to != trace.ProcRunning {
		tally(r.Procs, int64(id)).add(at - since)
		delete(r.running, id)
	}
	if to == trace.ProcRunning {
		r.running[id] = at
		if from == trace.ProcUndetermined {
			r.running[id] = r.sync
		}
	}
}

func (r *Result) rangeOf(at uint64, event trace.Event) {
	one := event.Range()
	key := rangeKey{one.Scope, one.Name}
	since, active := r.ranges[key]
	switch event.Kind() {
	case trace.EventRangeBegin:
		r.ranges[key] = at
	case trace.EventRangeActive:
		if !active {
			r.ranges[key] = r.sync
		}
	case trace.EventRangeEnd:
		if active {
			tally(r.Ranges, one.Name).add(at - since)
		}
		delete(r.ranges, key)
	}
	if one.Name == assist {
		r.assist(at, one.Scope.Goroutine(), event.Kind() != trace.EventRangeEnd, event.Kind() == trace.EventRangeActive)
	}
}

func (r *Result) assist(at uint64, id trace.GoID, assisting, told bool) {
	one := r.alive[id]
	if one == nil || one.assisting == assisting {
		return
	}
	one.assisting = assisting
	if one.state != "running" && one.state != "assist" {
		return
	}
	if told && one.open {
		one.state = "assist"
		return
	}
	one.leave(at)
	one.state, one.reason, one.since, one.open = stateOf(trace.GoRunning, assisting), "", at, false
}

// finish ends what goes on at the end of the trace.
func (r *Result) finish() {
	for id, one := range r.alive {
		one.leave(r.End)
		r.end(id, r.End)
	}
	for id, since := range r.running {
		tally(r.Procs, int64(id)).add(r.End - since)
	}
	for key, since := range r.ranges {
		tally(r.Ranges, key.name).add(r.End - since)
	}
	for _, one := range r.tasks {
		tally(r.Tasks, one.name).add(r.End - one.begin)
	}
}

func tally[K comparable](of map[K]*Tally, name K) *Tally {
	if of[name] == nil {
		of[name] = &Tally{}
	}
	return of[name]
}

func stateOf(state trace.GoState, assisting bool) string {
	if state == trace.GoRunning && assisting {
		return "assist"
	}
	return strings.ToLower(state.String())
}

package main

import (
	"context"
	"errors"
)

var errNoSession = errors.New("no such session")

const batch = 100 // entries of the journal that go to the standby together

type order struct {
	id    string
	page  int
	touch bool
	reply chan result
}

type result struct {
	found session
	err   error
}

// entry is one line of the journal: enough for the standby to expire the same sessions.
type entry struct {
	id      string
	touched uint64
	page    int
}

// registry owns all sessions. Only run reads or changes them, so nothing in here is locked.
type registry struct {
	orders   chan order
	sessions map[string]*session
	pending  []entry
	standby  *link
	outgoing chan []entry
}

func newRegistry(standby *link, users int) *registry {
	r := &registry{
		orders:   make(chan order, 256),
		sessions: make(map[string]*session, users),
		standby:  standby,
		outgoing: make(chan []entry, 64),
	}
	for number := range users {
		one := newSession(number + 1)
		r.sessions[one.id] = &one
	}
	return r
}

// run serves orders until the context ends.
func (r *registry) run(ctx context.Context) {
	go r.forward(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case next := <-r.orders:
			next.reply <- r.apply(next)
			if len(r.pending) >= batch {
				r.relay()
			}
		}
	}
}

// forward sends the batches that relay does not send itself.
func (r *registry) forward(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case entries := <-r.outgoing:
			r.standby.send(entries)
		}
	}
}

func (r *registry) apply(o order) result {
	one, ok := r.sessions[o.id]
	if !ok {
		return result{err: errNoSession}
	}
	one.touched++
	if o.touch {
		one.page = o.page
	}
	r.pending = append(r.pending, entry{id: one.id, touched: one.touched, page: one.page})
	return result{found: *one}
}

func (r *registry) lookup(ctx context.Context, id string) (session, error) {
	return r.ask(ctx, order{id: id})
}

func (r *registry) touch(ctx context.Context, id string, page int) (session, error) {
	return r.ask(ctx, order{id: id, page: page, touch: true})
}

// ask hands an order to the owner and waits for what it says.
func (r *registry) ask(ctx context.Context, o order) (session, error) {
	o.reply = make(chan result, 1) // the owner never waits for a caller that has gone
	select {
	case r.orders <- o:
	case <-ctx.Done():
		return session{}, ctx.Err()
	}
	select {
	case answer := <-o.reply:
		return answer.found, answer.err
	case <-ctx.Done():
		return session{}, ctx.Err()
	}
}

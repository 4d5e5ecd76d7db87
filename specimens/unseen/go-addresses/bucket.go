package main

import (
	"context"
	"sync"
	"time"
)

// pause is how long a caller leaves an empty bucket alone.
const pause = 40 * time.Millisecond

// bucket hands out tokens, so many a second.
type bucket struct {
	perSecond, room float64

	lock   sync.Mutex
	tokens float64
	filled time.Time
}

func newBucket(perSecond, room float64) *bucket {
	return &bucket{perSecond: perSecond, room: room, tokens: room, filled: time.Now()}
}

// try takes a token if there is one.
func (b *bucket) try() bool {
	b.lock.Lock()
	defer b.lock.Unlock()
	now := time.Now()
	b.tokens = min(b.room, b.tokens+b.perSecond*now.Sub(b.filled).Seconds())
	b.filled = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// take takes a token, and waits for it if need be.
func (b *bucket) take(ctx context.Context) error {
	for !b.try() {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

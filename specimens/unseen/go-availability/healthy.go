//go:build healthy

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// limit is how many failures in a row open the breaker of a depot.
	limit = 2
	// rest is how long a depot is not asked then.
	rest = 5 * time.Minute
)

var errResting = errors.New("did not answer lately")

// policy is what is remembered of the depots between requests: a circuit breaker for each.
type policy struct {
	breakers *[depots + 1]breaker
}

type breaker struct {
	mu       sync.Mutex
	failures int
	until    time.Time
}

func newPolicy() policy {
	return policy{breakers: new([depots + 1]breaker)}
}

// allows tells whether to ask now.
func (b *breaker) allows() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures < limit || time.Now().After(b.until)
}

// note takes how it went.
func (b *breaker) note(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.failures = 0
		return
	}
	b.failures++
	b.until = time.Now().Add(rest)
}

// onHand asks a depot what it has of an article, and once more if that fails.
func (w *warehouse) onHand(ctx context.Context, depot, article int) (level, error) {
	breaker := &w.policy.breakers[depot]
	failed := errResting
	for try := 0; try < tries && breaker.allows(); try++ {
		l, err := w.fetch(ctx, depot, article)
		breaker.note(err)
		if err == nil {
			return l, nil
		}
		w.log.DebugContext(ctx, "depot did not answer", "depot", depot, "try", try+1, "error", err)
		failed = err
	}
	return level{}, fmt.Errorf("depot %d: %w", depot, failed)
}

package main

import (
	"context"
	"errors"
	"strconv"

	"golang.org/x/time/rate"
)

var errTenant = errors.New("unknown tenant")

// quota says how much each tenant may ask.
type quota struct {
	limiters map[string]*rate.Limiter
}

func newQuota(tenants int, perSecond float64) *quota {
	q := &quota{limiters: make(map[string]*rate.Limiter, tenants)}
	for n := range tenants {
		q.limiters["t"+strconv.Itoa(n+1)] = rate.NewLimiter(rate.Limit(perSecond), burst)
	}
	return q
}

// admit returns once the tenant may look up so many addresses.
func (q *quota) admit(ctx context.Context, tenant string, addresses int) error {
	limiter, ok := q.limiters[tenant]
	if !ok {
		return errTenant
	}
	return limiter.WaitN(ctx, addresses)
}

//go:build !healthy

package main

import "sync"

// receipts knows what was answered to which key.
type receipts struct {
	mu    sync.Mutex
	byKey map[string]*receipt
}

func newReceipts() *receipts {
	return &receipts{byKey: make(map[string]*receipt)}
}

func (r *receipts) find(key string) (*receipt, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.byKey[key]
	return found, ok
}

func (r *receipts) keep(key string, made *receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byKey[key] = made
}

//go:build healthy

package main

import "sync"

// remembered is how many keys are kept: clients repeat within seconds or never.
const remembered = 1024

// receipts knows what was answered to which key lately.
type receipts struct {
	mu     sync.Mutex
	byKey  map[string]*receipt
	order  [remembered]string
	oldest int
}

func newReceipts() *receipts {
	return &receipts{byKey: make(map[string]*receipt, remembered)}
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
	if _, known := r.byKey[key]; !known {
		delete(r.byKey, r.order[r.oldest])
		r.order[r.oldest] = key
		r.oldest = (r.oldest + 1) % remembered
	}
	r.byKey[key] = made
}

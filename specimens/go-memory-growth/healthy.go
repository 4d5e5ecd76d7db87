//go:build healthy

package main

import "sync"

const most = 64

// history has the notes of the last keys, by turns.
type history struct {
	mutex sync.Mutex
	notes [most]*step
	next  int
}

func newHistory() *history { return &history{} }

func (h *history) keep(_ uint64, last *step) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.notes[h.next] = last
	h.next = (h.next + 1) % most
}

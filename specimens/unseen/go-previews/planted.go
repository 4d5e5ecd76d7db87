//go:build !healthy

package main

import (
	"sync"
	"time"
)

// askAgain is how long a page may take before it is asked for again.
const askAgain = 15 * time.Millisecond

type job struct {
	document string
	page     int
	number   uint64
}

// desk has drafts set by one worker, who is also given other work and must not be held up by readers.
type desk struct {
	shelf *shelf
	jobs  chan job

	mu   sync.Mutex
	last uint64
	done map[uint64]string
}

func newDesk(shelf *shelf) *desk {
	d := &desk{shelf: shelf, jobs: make(chan job, 256), done: make(map[uint64]string)}
	go d.work()
	return d
}

func (d *desk) work() {
	for next := range d.jobs {
		text := typeset(next.document, next.page)
		d.mu.Lock()
		d.done[next.number] = text
		d.mu.Unlock()
	}
}

// page has a page of a draft set.
func (d *desk) page(document string, page int) string {
	number := d.number()
	d.jobs <- job{document: document, page: page, number: number}
	for {
		if text, ok := d.collect(number); ok {
			return text
		}
		time.Sleep(askAgain)
	}
}

func (d *desk) number() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last++
	return d.last
}

func (d *desk) collect(number uint64) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, ok := d.done[number]
	if ok {
		delete(d.done, number)
	}
	return text, ok
}

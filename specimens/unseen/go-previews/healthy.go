//go:build healthy

package main

type job struct {
	document string
	page     int
	done     chan string
}

// desk has drafts set by one worker, who is also given other work and must not be held up by readers.
type desk struct {
	shelf *shelf
	jobs  chan job
}

func newDesk(shelf *shelf) *desk {
	d := &desk{shelf: shelf, jobs: make(chan job, 256)}
	go d.work()
	return d
}

func (d *desk) work() {
	for next := range d.jobs {
		next.done <- typeset(next.document, next.page)
	}
}

// page has a page of a draft set.
func (d *desk) page(document string, page int) string {
	done := make(chan string, 1) // so that the worker need not wait for the reader
	d.jobs <- job{document: document, page: page, done: done}
	return <-done
}

package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// capacity is how many bytes the journal keeps: the newest ones overwrite the oldest ones.
const capacity = 96 << 20

// journal is the file that frames and the audit log go to. Once writing to it has failed it takes no more, since what
// comes after a gap is of no use.
type journal struct {
	file  *os.File
	cause atomic.Pointer[error]

	mu  sync.Mutex
	end int64
}

// openJournal starts a journal. Its file has no name, so that nothing is left of it: this one is for demonstrations.
func openJournal(dir string) (*journal, error) {
	file, err := os.CreateTemp(dir, "recorder-*.journal")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, err
	}
	// Written once, so that the file has all its blocks from the start.
	blank := make([]byte, 1<<20)
	for at := int64(0); at < capacity; at += int64(len(blank)) {
		if _, err := file.WriteAt(blank, at); err != nil {
			return nil, err
		}
	}
	if err := file.Sync(); err != nil {
		return nil, err
	}
	j := &journal{file: file}
	j.start()
	return j, nil
}

// append adds an entry.
func (j *journal) append(entry []byte) (int, error) {
	if err := j.failed(); err != nil {
		return 0, err
	}
	n, err := j.file.WriteAt(entry, j.reserve(len(entry)))
	return n, j.note(err)
}

// reserve returns where an entry goes.
func (j *journal) reserve(size int) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.end+int64(size) > capacity {
		j.end = 0
	}
	at := j.end
	j.end += int64(size)
	return at
}

// flush has the disk confirm what has been written.
func (j *journal) flush() error {
	return j.note(j.file.Sync())
}

func (j *journal) note(err error) error {
	if err != nil {
		err = fmt.Errorf("journal is broken: %w", err)
		j.cause.CompareAndSwap(nil, &err)
	}
	return err
}

func (j *journal) failed() error {
	if cause := j.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

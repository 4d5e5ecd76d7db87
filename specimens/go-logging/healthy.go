//go:build healthy

package main

import (
	"bufio"
	"log"
	"os"
	"sync"
	"time"
)

type journal struct {
	lock  sync.Mutex
	lines *bufio.Writer
}

func newJournal(file *os.File) *journal {
	made := &journal{lines: bufio.NewWriterSize(file, 64<<10)}
	go made.keepWriting()
	return made
}

//go:noinline
func (j *journal) note(line string) {
	j.lock.Lock()
	defer j.lock.Unlock()
	if _, err := j.lines.WriteString(line); err != nil {
		log.Print(err)
	}
}

func (j *journal) keepWriting() {
	for range time.Tick(time.Second) {
		j.lock.Lock()
		if err := j.lines.Flush(); err != nil {
			log.Print(err)
		}
		j.lock.Unlock()
	}
}

//go:build !healthy

package main

import (
	"log"
	"os"
)

type journal struct{ file *os.File }

func newJournal(file *os.File) *journal { return &journal{file} }

//go:noinline
func (j *journal) note(line string) {
	_, err := j.file.WriteString(line)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		log.Print(err)
	}
}

//go:build healthy

package main

import "time"

// start has the disk confirm the lines five times a second.
func (j *journal) start() {
	go func() {
		for range time.Tick(time.Second / 5) {
			if j.flush() != nil {
				return
			}
		}
	}()
}

// Write takes a line of the audit log.
func (j *journal) Write(line []byte) (int, error) {
	return j.append(line)
}

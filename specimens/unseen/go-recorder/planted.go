//go:build !healthy

package main

// start has nothing to do.
func (j *journal) start() {}

// Write takes a line of the audit log.
func (j *journal) Write(line []byte) (int, error) {
	n, err := j.append(line)
	if err != nil {
		return n, err
	}
	return n, j.flush()
}

// Command busy writes an execution trace of a program that does nothing but what traces are made of, until the trace is
// as large as asked for.
//
//	busy MEGABYTES FILE
package main

import (
	"bufio"
	"log"
	"os"
	"runtime/trace"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// counted tells when enough was written.
type counted struct {
	file   *bufio.Writer
	left   atomic.Int64
	enough chan struct{}
	once   sync.Once
}

func (c *counted) Write(bytes []byte) (int, error) {
	if c.left.Add(-int64(len(bytes))) < 0 {
		c.once.Do(func() { close(c.enough) })
	}
	return c.file.Write(bytes)
}

func main() {
	megabytes, err := strconv.ParseInt(os.Args[1], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.Create(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	out := &counted{file: bufio.NewWriterSize(file, 1<<20), enough: make(chan struct{})}
	out.left.Store(megabytes << 20)
	if err := trace.Start(out); err != nil {
		log.Fatal(err)
	}
	for range 8 {
		go relay()
		go lock()
		go write()
		go spawn()
	}
	<-out.enough
	trace.Stop()
	if err := out.file.Flush(); err != nil {
		log.Fatal(err)
	}
}

// relay passes a number to and fro.
func relay() {
	there, back := make(chan int), make(chan int)
	go func() {
		for number := range there {
			back <- number
		}
	}()
	for number := 0; ; number++ {
		there <- number
		<-back
	}
}

var mutex sync.Mutex

// lock holds what others want.
func lock() {
	for {
		mutex.Lock()
		time.Sleep(time.Microsecond)
		mutex.Unlock()
	}
}

// write makes system calls.
func write() {
	null, err := os.OpenFile("/dev/null", os.O_WRONLY, 0)
	if err != nil {
		return
	}
	line := []byte("line\n")
	for {
		if _, err := null.Write(line); err != nil {
			return
		}
	}
}

var sink atomic.Pointer[[]byte]

// spawn starts goroutines that allocate and end.
func spawn() {
	for {
		var group sync.WaitGroup
		for range 16 {
			group.Add(1)
			go func() {
				defer group.Done()
				garbage := make([]byte, 1<<12)
				sink.Store(&garbage)
			}()
		}
		group.Wait()
	}
}

// Command workload writes an execution trace of itself doing a little of everything: channels, mutexes, system calls,
// sockets, timers, garbage, coroutines, tasks and regions.
//
//	workload [-rounds N] [-workers N] [-profile] FILE
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"iter"
	"log"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"time"
)

var (
	rounds  = flag.Int("rounds", 40, "how often everything is done")
	workers = flag.Int("workers", 8, "goroutines of each kind")
	profile = flag.Bool("profile", false, "sample the CPU as well")
)

func main() {
	flag.Parse()
	file, err := os.Create(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	// What exists before the trace begins is told in its first generation.
	blocked, release := make(chan int), make(chan int)
	go func() { <-blocked; close(release) }()
	reader, writer, err := os.Pipe()
	if err != nil {
		log.Fatal(err)
	}
	go io.Copy(io.Discard, reader)
	if *profile {
		if err := pprof.StartCPUProfile(io.Discard); err != nil {
			log.Fatal(err)
		}
	}
	if err := trace.Start(file); err != nil {
		log.Fatal(err)
	}
	debug.SetGCPercent(20)
	for round := range *rounds {
		work(round, writer)
	}
	close(blocked)
	<-release
	trace.Stop()
	if *profile {
		pprof.StopCPUProfile()
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}

// work does everything once.
func work(round int, pipe io.Writer) {
	ctx, task := trace.NewTask(context.Background(), "round")
	defer task.End()
	trace.Log(ctx, "round", fmt.Sprint(round))
	var group sync.WaitGroup
	start := func(name string, each func(int)) {
		for worker := range *workers {
			group.Add(1)
			go func() {
				defer group.Done()
				trace.WithRegion(ctx, name, func() { each(worker) })
			}()
		}
	}
	start("garbage", garbage)
	start("lock", lock)
	start("relay", relay)
	start("file", file)
	start("coroutine", coroutine)
	start("pipe", func(int) { fmt.Fprintln(pipe, round) })
	start("sleep", func(worker int) { time.Sleep(time.Duration(worker) * 50 * time.Microsecond) })
	if round%8 == 0 {
		start("socket", socket)
	}
	if round%10 == 3 {
		runtime.GC()
		runtime.GOMAXPROCS(1 + round%3)
	}
	group.Wait()
}

var kept [64][]byte

// garbage allocates more than the collector likes.
func garbage(worker int) {
	for range 40 {
		kept[rand.IntN(len(kept))] = make([]byte, 1<<rand.IntN(16))
	}
	runtime.Gosched()
}

var (
	mutex   sync.Mutex
	counter map[int]int = map[int]int{}
)

// lock holds a mutex that all want.
func lock(worker int) {
	for i := range 20 {
		mutex.Lock()
		counter[i] += worker
		if i == 10 {
			time.Sleep(20 * time.Microsecond)
		}
		mutex.Unlock()
	}
}

// relay sends numbers through a row of goroutines.
func relay(worker int) {
	first := make(chan int)
	last := first
	for range 3 {
		next := make(chan int, worker%2)
		go func(from, to chan int) {
			for number := range from {
				to <- number + 1
			}
			close(to)
		}(last, next)
		last = next
	}
	go func() {
		for i := range 10 {
			select {
			case first <- i:
			case <-time.After(time.Second):
			}
		}
		close(first)
	}()
	for range last {
	}
}

// file makes system calls.
func file(worker int) {
	for range 10 {
		content, err := os.ReadFile("/proc/self/stat")
		if err != nil || len(content) == 0 {
			return
		}
	}
}

// coroutine hands over to a sequence and back.
func coroutine(worker int) {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for i := range 20 {
			if !yield(i * worker) {
				return
			}
		}
	})
	defer stop()
	for range 10 + worker*2 {
		if _, ok := next(); !ok {
			return
		}
	}
}

// socket talks to itself over loopback.
func socket(worker int) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return
	}
	defer listener.Close()
	go func() {
		peer, err := listener.Accept()
		if err != nil {
			return
		}
		defer peer.Close()
		io.Copy(peer, peer)
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return
	}
	defer conn.Close()
	line := make([]byte, 64)
	for range 20 {
		if _, err := conn.Write(line); err != nil {
			return
		}
		if _, err := io.ReadFull(conn, line); err != nil {
			return
		}
	}
}

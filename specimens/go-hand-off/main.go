// Command go-hand-off answers what a slow device says, which workers ask that get their jobs by a channel.
//
// Planted: there is one worker. The device takes 2 ms and no CPU, so the worker is busy for three quarters of the
// time, and requests wait for it to take their job. The healthy twin has as many workers as are ever needed.
package main

import (
	"net/http"
	"time"

	"example.com/specimens/internal/serve"
)

const deviceTime = 2 * time.Millisecond

type job struct {
	key    uint64
	answer chan uint64
}

func main() {
	jobs := make(chan job)
	for range workers {
		go work(jobs)
	}
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		serve.Number(w, handOff(jobs, serve.Key(r)))
	})
}

//go:noinline
func handOff(jobs chan<- job, key uint64) uint64 {
	answer := make(chan uint64, 1)
	jobs <- job{key, answer}
	return <-answer
}

//go:noinline
func work(jobs <-chan job) {
	for one := range jobs {
		one.answer <- askDevice(one.key)
	}
}

//go:noinline
func askDevice(key uint64) uint64 {
	time.Sleep(deviceTime)
	return serve.Mix(key)
}

// Command tiny writes the small traces that are kept: `GOTOOLCHAIN=go1.22.12 go run main.go FILE`.
package main

import (
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"time"
)

var kept [][]byte

func main() {
	file, err := os.Create(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := trace.Start(file); err != nil {
		panic(err)
	}
	there, back := make(chan int), make(chan int)
	go relay(there, back)
	var mutex sync.Mutex
	for number := range 5 {
		there <- number
		go lock(&mutex)
		<-back
		kept = append(kept, make([]byte, 1<<16))
	}
	close(there)
	os.ReadFile("/proc/self/stat")
	runtime.GC()
	time.Sleep(time.Millisecond)
	trace.Stop()
	file.Close()
}

func relay(there, back chan int) {
	for number := range there {
		back <- number
	}
}

func lock(mutex *sync.Mutex) {
	mutex.Lock()
	time.Sleep(20 * time.Microsecond)
	mutex.Unlock()
}

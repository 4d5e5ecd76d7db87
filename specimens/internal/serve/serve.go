// Package serve is what all specimens in Go share: an HTTP server that answers and ends when it is asked to.
package serve

import (
	"context"
	"errors"
	"flag"
	"hash/fnv"
	"io"
	"log"
	"net/http"
	_ "net/http/pprof" // profiles on /debug/pprof of the default mux, as most services have them
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

const grace = 500 * time.Millisecond

// Main answers /answer by the given handler and /healthz by itself, on the address of the flag -addr, until SIGTERM.
func Main(answer http.HandlerFunc) {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { Text(w, "ok") })
	http.HandleFunc("/answer", answer)
	if err := run(*addr); err != nil {
		log.Fatal(err)
	}
}

// Text sends a short body with its length.
func Text(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = io.WriteString(w, body) // whoever asked may be gone
}

// Number sends a number as text.
func Number(w http.ResponseWriter, number uint64) {
	Text(w, strconv.FormatUint(number, 10)+"\n")
}

// Key returns the hash of the parameter "key": the same for the same request, whatever was asked before.
func Key(r *http.Request) uint64 {
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, r.FormValue("key")) // a hash takes everything
	return Mix(hash.Sum64())
}

// Mix scatters numbers, as splitmix64 does.
func Mix(number uint64) uint64 {
	number += 0x9e3779b97f4a7c15
	number = (number ^ number>>30) * 0xbf58476d1ce4e5b9
	number = (number ^ number>>27) * 0x94d049bb133111eb
	return number ^ number>>31
}

func run(addr string) error {
	server := &http.Server{Addr: addr, ReadHeaderTimeout: 5 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		<-ctx.Done()
		bounded, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		err := server.Shutdown(bounded)
		if errors.Is(err, context.DeadlineExceeded) { // somebody still waits for an answer, or for a profile
			err = server.Close()
		}
		ended <- err
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

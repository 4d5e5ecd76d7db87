// Command go-markdown serves a folder of Markdown documents: as HTML pages, and by ranked search.
//
// It is an example of a service to measure. As built by default it holds the inefficiencies that
// real services ship: they stand in the files named *_slow.go. The build tag "fast" replaces these
// by *_fast.go, which answer every request with the same bytes.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	_ "net/http/pprof" // profiles on /debug/pprof of the default mux
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// One in this many contended mutex events is kept for /debug/pprof/mutex.
const mutexProfileFraction = 100

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	folder := flag.String("documents", "documents", "folder of *.md files")
	flag.Parse()
	runtime.SetMutexProfileFraction(mutexProfileFraction)
	if err := run(*addr, *folder); err != nil {
		log.Fatalf("go-markdown: %v", err)
	}
}

func run(addr, folder string) error {
	library, err := loadLibrary(folder)
	if err != nil {
		return err
	}
	newService(library).register(http.DefaultServeMux)
	server := &http.Server{Addr: addr, ReadHeaderTimeout: 5 * time.Second}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	drained := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		drained <- server.Shutdown(grace)
	}()
	log.Printf("%d documents from %s, listening on %s", len(library.documents), folder, addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}

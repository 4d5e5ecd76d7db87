// Command go-session-registry keeps the sessions of a shop's users and says what they may do.
//
// Planted: one goroutine owns all sessions and is asked through a channel, and the same goroutine sends its journal to
// the standby, every 100 entries, and waits for the acknowledgement (relay in planted.go). Whoever asks meanwhile waits
// in the hand-over until the owner is back, up to the 24 ms that the standby's disk takes. The healthy twin gives the
// batch to a goroutine of its own, so the owner is always there.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	users := flag.Int("users", 20000, "sessions that exist at start-up")
	flag.Parse()
	if err := run(*addr, *users); err != nil {
		log.Fatal(err)
	}
}

func run(addr string, users int) error {
	peer, err := startStandby()
	if err != nil {
		return err
	}
	defer peer.stop()
	link, err := dialStandby(peer.addr())
	if err != nil {
		return err
	}
	defer link.close()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	sessions := newRegistry(link, users)
	go sessions.run(ctx)

	server := &http.Server{Addr: addr, Handler: routes(sessions), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(grace)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

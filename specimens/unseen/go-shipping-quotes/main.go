// Command go-shipping-quotes answers what a parcel costs and where it is, from the gateway of a carrier.
//
// Planted: the carrier refuses some lanes with a status and a body that says why. The client maps the status and closes
// the body unread (release in planted.go), so the transport cannot use that connection again, and one of the next
// requests has to set up another: a TCP connect and a mutual TLS handshake, for which the carrier looks up its partner in
// a directory far away, 18 ms. That set-up is the tail. The healthy twin drains the body first, so its connections live
// on.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	if err := run(*addr); err != nil {
		log.Fatal(err)
	}
}

func run(addr string) error {
	// All that lives is a few megabytes; collecting at the usual twice of that would be far too often.
	debug.SetGCPercent(1600)

	ids, err := newIdentities()
	if err != nil {
		return err
	}
	gateway, err := startGateway(ids)
	if err != nil {
		return err
	}
	defer gateway.stop()

	app := &api{quotes: &quoteService{carrier: newCarrierClient(gateway.url, ids)}}
	server := &http.Server{Addr: addr, Handler: app.routes(), ReadHeaderTimeout: 5 * time.Second}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		// Requests in flight are short; whatever hangs longer than this is not worth waiting for.
		grace, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(grace)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

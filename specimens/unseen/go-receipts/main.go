// Command go-receipts renders the receipts of a marketplace, in the theme of the merchant.
//
// Planted: merchants who have uploaded a theme of their own get it parsed, and escaped for HTML, from its text for each
// receipt (themed in planted.go): milliseconds of CPU time for what never changes, beside a tenth of a millisecond for
// the receipt. These are the slowest few of a hundred. The healthy twin has all themes built at start-up.
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

	merchants := newMerchants()
	looks, err := newCatalogue(merchants)
	if err != nil {
		return err
	}
	app := &api{merchants: merchants, looks: looks}
	server := &http.Server{Addr: addr, Handler: app.routes(), ReadHeaderTimeout: 5 * time.Second}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
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

// Command go-payouts takes payouts of a marketplace, prices them and says what an account holds.
//
// Planted: payouts above the limit of free approval leave records in the audit trail, a zap logger, before they are
// answered. What is below that logger writes each record to the file at once and waits until the disk has it
// (openSink in planted.go): a write and an fsync, 22 times in the path of one request in forty. The healthy twin
// collects records in memory and lets a background goroutine write and sync them once a second.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	trail := flag.String("trail", os.TempDir(), "folder of the audit trail")
	flag.Parse()
	if err := run(*addr, *trail); err != nil {
		log.Fatal(err)
	}
}

func run(addr, folder string) error {
	trail, err := openTrail(folder)
	if err != nil {
		return err
	}
	defer trail.close()
	server := &http.Server{Addr: addr, Handler: routes(newDesk(trail)), ReadHeaderTimeout: 5 * time.Second}

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

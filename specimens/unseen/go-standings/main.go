// Command go-standings says where a player stands in the leagues of a game.
//
// Planted: every 400 ms a report over all leagues is made for the operators, inside the service: tens of milliseconds of
// sorting in one go (settle in planted.go never gives the processor back). The service has one P, so requests that come
// meanwhile wait until the scheduler takes it from the report, which it does after 10 ms at the earliest. The healthy
// twin makes the same report from the same leagues as often, but rests after every few of them.
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
	every := flag.Duration("report-every", 400*time.Millisecond, "time between two reports")
	flag.Parse()
	if err := run(*addr, *every); err != nil {
		log.Fatal(err)
	}
}

func run(addr string, every time.Duration) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	season := newSeason()
	insight := newInsight(season)
	go insight.run(ctx, every)

	app := &api{season: season, insight: insight}
	server := &http.Server{Addr: addr, Handler: app.routes(), ReadHeaderTimeout: 5 * time.Second}
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

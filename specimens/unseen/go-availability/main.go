// Command availability tells a shop what is on hand in the depots, which it asks the warehouse system for.
//
// Planted: one of the forty depots has a terminal that takes connections but does not answer (2 % of the requests).
// warehouse.onHand waits for it until the time-out of warehouse.fetch is over (60 ms), tries once more with the same
// end, and the shop gets the usual estimate after 120 ms; these requests are the tail. The healthy twin has a circuit
// breaker for each depot: after the first two failures it gives the same estimate without asking.
package main

import (
	"flag"
	"log/slog"
	"net/http"
	"os"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	terminals, err := serveTerminals()
	if err != nil {
		logger.Error("terminals", "error", err)
		os.Exit(1)
	}
	server := &http.Server{
		Addr:              *addr,
		Handler:           routes(newWarehouse(terminals, logger), logger),
		ReadHeaderTimeout: 5 * time.Second,
	}
	if err := server.ListenAndServe(); err != nil {
		logger.Error("server", "error", err)
		os.Exit(1)
	}
}

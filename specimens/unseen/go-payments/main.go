// Command payments books payments, each once: a client that repeats a request gets the first answer again.
//
// Planted: receipts keeps what was answered to every idempotency key, for good. Each payment adds a few kilobytes in
// some hundred objects, those of the last days are read back at the start, and GOMEMLIMIT is what the container has. The
// nearer the heap grows to it, the more often the collector has to run, with ever more to mark each time, and requests
// wait for it on the one CPU. The healthy twin forgets all but the newest keys.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"time"
)

// journalled is how many payments the journal holds when the service starts.
const journalled = 55_000

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	ledger := &ledger{receipts: newReceipts()}
	ledger.readBack(journalled)
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: routes(ledger), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(listener))
}

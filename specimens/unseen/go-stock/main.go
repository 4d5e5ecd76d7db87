// Command stock knows what lies in the warehouses of a wholesaler, and what it is worth.
//
// Planted: a valuation (8 % of the requests) turns each item of a warehouse into a document, a map[string]any, before
// it adds up (warehouse.valuation by way of documents): megabytes of garbage for an answer of a dozen lines. All stock
// is a live heap of half a million objects, so the collections that this garbage brings about take tens of
// milliseconds, several times a second; valuations that run into one have to help with it, and all other requests wait
// for the processor meanwhile. The healthy twin adds up the items themselves.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	// The containers are small, as the stock hardly changes.
	debug.SetGCPercent(50)
	stock, err := load()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: routes(stock), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(listener))
}

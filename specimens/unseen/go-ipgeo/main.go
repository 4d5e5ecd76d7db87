// Command ipgeo tells where the networks of the internet are, and enriches events with it.
//
// Planted: the table of networks is a tree of more than a million small objects that point at each other, and GOGC is
// 15 to keep the process small. Decoding events makes garbage all the time, so a collection is due about once a
// second, marks the whole tree again, and takes the one CPU from the requests that come meanwhile. The healthy twin
// has the same tree under the same GOGC in slices without pointers, which the collector need not look into.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"time"
)

const networks = 400_000

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	locator := newLocator(networks)
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: routes(locator), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(listener))
}

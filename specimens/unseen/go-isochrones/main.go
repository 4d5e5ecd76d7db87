// Command isochrones tells travellers when buses leave, and how much of a region can be reached from its hubs in time.
//
// Planted: the travel times from a hub to all stops are a search through the whole network, so tables.from keeps them in
// a cache. But enquiry.key has the traveller's session in it, which says nothing about travel times: no enquiry finds
// what another one has left, network.travelTimes runs for each of them (8 % of the requests), and these are the slowest
// of all. The healthy twin leaves the session out, and finds what was made at the start.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	network := newNetwork(170, 170)
	tables, err := newTables(network)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: routes(network, tables), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(listener))
}

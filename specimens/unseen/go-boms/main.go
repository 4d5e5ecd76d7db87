// Command boms works out what assemblies cost, from bills of materials that clients send along.
//
// Planted: assembly.componentsOf goes through all lines of the bill to find the parts of one assembly, and rollUp asks
// it once for each line, so the work grows with the square of the lines. Bills of a few dozen lines take microseconds;
// the one in forty that has about two thousand takes some ten milliseconds, and is the tail. The healthy twin sorts
// the lines by their assembly once.
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

	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: routes(newCatalogue(5_000)), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(listener))
}

// Command previews shows pages of documents as text of a fixed width.
//
// Planted: a draft is not kept, so its pages are set anew by a worker; desk.page hands the page over and then asks for
// it in intervals of 15 ms, although it is ready after some tenths of a millisecond. Three requests in a hundred are for
// drafts: they are all of the slowest hundredth, and nearly all of their time is the first interval. In the healthy twin the
// worker tells when it is done.
package main

import (
	"flag"
	"log"
	"net"

	"github.com/valyala/fasthttp"
)

const (
	published = 600
	pages     = 8
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	desk := newDesk(newShelf(published, pages))
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal((&fasthttp.Server{Handler: route(desk), Name: "previews"}).Serve(listener))
}

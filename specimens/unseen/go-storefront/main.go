// Command storefront shows what is on the shelves of a shop, from a copy that it keeps of the merchandising system.
//
// Planted: catalogue.reload, which a notice of changes to a shelf brings about (1 request in 175), takes the write lock
// of the catalogue and only then fetches the shelf, page by page, and arranges it: some 25 ms. Whoever looks for any
// shelf in that time waits in catalogue.shelf for the read lock; these requests are the tail. The notices themselves
// are answered at once. The healthy twin fetches and arranges first, and takes the lock to put the result in place.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	base, err := serveMerchandising()
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	catalogue, err := newCatalogue(ctx, newSource(base))
	if err != nil {
		log.Fatal(err)
	}
	go catalogue.follow(ctx)

	gin.SetMode(gin.ReleaseMode)
	server := &http.Server{Addr: *addr, Handler: routes(catalogue), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// Command geocoder turns addresses into coordinates for tenants who pay by quota.
//
// Planted: quota.admit takes tokens from the tenant's golang.org/x/time/rate limiter in the request path. A bucket holds 20,
// and 2,000 a second come in, so a bulk request with 60 addresses waits 10 ms for its second 20 and 10 ms for its
// third, although its tenant asks for far less than the quota on average. Three requests in a hundred are bulk: they
// are all of the slowest hundredth. The healthy twin has buckets that hold a whole bulk request.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"time"
)

const (
	tenants   = 400
	perSecond = 2_000
	places    = 60_000
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	api := &api{geocoder: &geocoder{quota: newQuota(tenants, perSecond), gazetteer: newGazetteer(places)}}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: api.routes(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.Serve(listener))
}

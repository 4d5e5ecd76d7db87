// Command addresses completes and certifies postal addresses.
//
// Planted: certified extracts (6 % of the requests) come from the land register, whose licence allows 40 of them a
// second. The service's own token bucket has room for one token only, and bucket.take looks every 40 ms (time.After)
// whether there is one: an extract that follows another one closely waits for a multiple of that. Hardly anything else
// takes a millisecond, so these waits are the tail. The healthy twin's bucket has room for the tokens of a second, as
// the licence says, and no request waits.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	logger, err := zap.NewProduction(zap.IncreaseLevel(zap.WarnLevel))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		logger.Fatal("cannot listen", zap.Error(err))
	}
	service := &service{logger: logger, directory: newDirectory(60_000), register: newRegister()}
	server := &http.Server{Handler: service.routes(), ReadHeaderTimeout: 5 * time.Second}
	logger.Fatal("server ended", zap.Error(server.Serve(listener)))
}

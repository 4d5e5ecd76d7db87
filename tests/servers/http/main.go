// An HTTP server of Go's standard library, with good and bad manners by path: HTTP/1.1 or HTTP/2, plain or with
// TLS, on TCP or a Unix socket.
//
// It prints its address, and ends when its standard input does.
package main

import (
	"crypto/tls"
	"flag"
	"io"
	"log"
	"net/http"

	"tailtune.example/servers/internal/place"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "HOST:PORT, or unix:PATH")
	version := flag.Int("http", 1, "1 or 2")
	authority := flag.String("tls", "", "speak TLS, and write the certificate to trust to this file")
	kind := flag.String("certificate", "valid", "valid, expired, wrong-name or own-authority")
	streams := flag.Int("streams", 0, "most HTTP/2 streams at a time on a connection; 0: Go's own limit")
	window := flag.Int("window", 0, "HTTP/2 window of a stream, in bytes; 0: Go's own")
	flag.Parse()

	listener, err := place.Listen(*listen)
	if err != nil {
		place.Fail(err)
	}
	server := &http.Server{
		Handler:   handler(),
		Protocols: protocols(*version, *authority != ""),
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: *streams, MaxReceiveBufferPerStream: *window},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	if *authority != "" {
		certificate, err := place.Certificate(*kind, *authority)
		if err != nil {
			place.Fail(err)
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	place.Announce(listener)
	if server.TLSConfig != nil {
		err = server.ServeTLS(listener, "", "")
	} else {
		err = server.Serve(listener)
	}
	place.Fail(err)
}

func protocols(version int, encrypted bool) *http.Protocols {
	chosen := new(http.Protocols)
	chosen.SetHTTP1(version == 1)
	chosen.SetHTTP2(version == 2 && encrypted)
	chosen.SetUnencryptedHTTP2(version == 2 && !encrypted)
	return chosen
}

package main

import (
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	depots   = 40
	articles = 6_000
	// stuck is the depot whose terminal hangs.
	stuck = 23
)

// serveTerminals stands for the terminals in the depots, which are behind one gateway, and returns where that is.
func serveTerminals() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /depots/{depot}/levels/{article}", terminal)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

func terminal(w http.ResponseWriter, r *http.Request) {
	depot, err := strconv.Atoi(r.PathValue("depot"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	article, err := strconv.Atoi(r.PathValue("article"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	work := time.Duration(1500+(depot*31+article*7)%1000) * time.Microsecond
	if depot == stuck {
		work = 20 * time.Second
	}
	done := time.NewTimer(work)
	defer done.Stop()
	select {
	case <-done.C:
	case <-r.Context().Done():
		return
	}
	found := level{Pieces: max(0, (depot*37+article*101)%90-12), NextDelivery: 2 + (depot+article)%9}
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the client has gone: nobody is left to be told.
	_ = json.NewEncoder(w).Encode(found)
}

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	shelfCount = 24
	shelfPages = 6
	perPage    = 40
)

// serveMerchandising stands for the system that the buyers work with, and returns where it is. Each page takes it a
// query of some milliseconds.
func serveMerchandising() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /shelves/{shelf}/pages/{page}", func(w http.ResponseWriter, r *http.Request) {
		shelf, err := strconv.Atoi(r.PathValue("shelf"))
		if err != nil || shelf < 0 || shelf >= shelfCount {
			http.NotFound(w, r)
			return
		}
		number, err := strconv.Atoi(r.PathValue("page"))
		if err != nil || number < 0 || number >= shelfPages {
			http.NotFound(w, r)
			return
		}
		time.Sleep(time.Duration(3+(shelf+number)%3) * time.Millisecond)
		w.Header().Set("Content-Type", "application/json")
		// An error here means that the client has gone: nobody is left to be told.
		_ = json.NewEncoder(w).Encode(page{Products: stocked(shelf, number), More: number+1 < shelfPages})
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String(), nil
}

// stocked returns the products of one page of a shelf.
func stocked(shelf, number int) []product {
	kinds := []string{"Bolt", "Bracket", "Hinge", "Hook", "Nail", "Plug", "Screw", "Washer"}
	finishes := []string{"brass", "galvanised", "plain", "stainless", "zinc"}
	products := make([]product, perPage)
	for n := range products {
		at := number*perPage + n
		products[n] = product{
			Number: shelf*1000 + at,
			Name:   fmt.Sprintf("%s %s M%d", kinds[(shelf+at)%len(kinds)], finishes[at*3%len(finishes)], at*7%20+1),
			Cents:  (shelf*131+at*7919)%4_000 + 49,
			Stock:  (shelf*17 + at*29) % 240,
		}
	}
	return products
}

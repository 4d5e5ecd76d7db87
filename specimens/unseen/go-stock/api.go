package main

import (
	"encoding/json"
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"
)

func routes(stock *stock) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.Handle("/debug/pprof/", http.DefaultServeMux)
	mux.HandleFunc("GET /items/{sku}", func(w http.ResponseWriter, r *http.Request) {
		item, ok := stock.items[r.PathValue("sku")]
		if !ok {
			http.Error(w, "no such item", http.StatusNotFound)
			return
		}
		answer(w, item.document())
	})
	mux.HandleFunc("GET /items/{sku}/bins", func(w http.ResponseWriter, r *http.Request) {
		item, ok := stock.items[r.PathValue("sku")]
		if !ok {
			http.Error(w, "no such item", http.StatusNotFound)
			return
		}
		answer(w, item.pick(12))
	})
	mux.HandleFunc("GET /warehouses/{number}/valuation", func(w http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(r.PathValue("number"))
		if err != nil || number < 0 || number >= len(stock.warehouses) {
			http.Error(w, "no such warehouse", http.StatusNotFound)
			return
		}
		answer(w, stock.warehouses[number].valuation())
	})
	return mux
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the client has gone: nobody is left to be told.
	_ = json.NewEncoder(w).Encode(value)
}

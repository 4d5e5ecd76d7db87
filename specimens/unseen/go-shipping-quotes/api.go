package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// api is the HTTP surface of the service.
type api struct {
	quotes *quoteService
}

func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /quote", a.quote)
	mux.HandleFunc("GET /shipments/{id}", a.shipment)
	mux.HandleFunc("GET /zones/{zip}", a.zone)
	mux.Handle("/debug/pprof/", http.DefaultServeMux)
	return mux
}

func (a *api) quote(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	sku, zip := query.Get("sku"), query.Get("zip")
	quantity, err := strconv.Atoi(query.Get("qty"))
	if sku == "" || zip == "" || err != nil || quantity < 1 {
		http.Error(w, "sku, zip and qty are needed", http.StatusBadRequest)
		return
	}
	offer, err := a.quotes.offer(r.Context(), sku, zip, quantity)
	if err != nil {
		http.Error(w, "carrier: "+err.Error(), http.StatusBadGateway)
		return
	}
	reply(w, offer)
}

func (a *api) shipment(w http.ResponseWriter, r *http.Request) {
	state, err := a.quotes.whereabouts(r.Context(), r.PathValue("id"))
	if errors.Is(err, errUnknownShipment) {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, "carrier: "+err.Error(), http.StatusBadGateway)
		return
	}
	reply(w, state)
}

func (a *api) zone(w http.ResponseWriter, r *http.Request) {
	reply(w, map[string]any{"zip": r.PathValue("zip"), "zone": zoneOf(r.PathValue("zip"))})
}

func reply(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

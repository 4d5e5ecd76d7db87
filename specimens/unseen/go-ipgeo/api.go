package main

import (
	"encoding/json"
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"net/netip"

	"github.com/go-chi/chi/v5"
)

// maxEvents is how many bytes of events one request may bring.
const maxEvents = 1 << 18

func routes(locator *locator) http.Handler {
	router := chi.NewRouter()
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	router.Mount("/debug/pprof", http.DefaultServeMux)
	router.Get("/v1/ip/{address}", func(w http.ResponseWriter, r *http.Request) {
		address, err := netip.ParseAddr(chi.URLParam(r, "address"))
		if err != nil || !address.Is4() {
			http.Error(w, "not an IPv4 address", http.StatusBadRequest)
			return
		}
		answer(w, locator.locate(address))
	})
	router.Get("/v1/countries/{code}", func(w http.ResponseWriter, r *http.Request) {
		country, ok := countryOf(chi.URLParam(r, "code"))
		if !ok {
			http.Error(w, "no such country", http.StatusNotFound)
			return
		}
		answer(w, country)
	})
	router.Post("/v1/events", func(w http.ResponseWriter, r *http.Request) {
		var events []map[string]any
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxEvents)).Decode(&events); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for _, event := range events {
			enrich(event, locator)
		}
		answer(w, events)
	})
	return router
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the client has gone: nobody is left to be told.
	_ = json.NewEncoder(w).Encode(value)
}

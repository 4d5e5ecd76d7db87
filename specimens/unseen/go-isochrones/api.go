package main

import (
	"encoding/json"
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"

	"github.com/gorilla/mux"
)

func routes(network *network, tables *tables) http.Handler {
	router := mux.NewRouter()
	router.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	router.PathPrefix("/debug/pprof/").Handler(http.DefaultServeMux)
	router.HandleFunc("/stops/{stop:[0-9]+}", withStop(network, func(w http.ResponseWriter, _ *http.Request, s int) {
		answer(w, network.describe(s))
	})).Methods(http.MethodGet)
	router.HandleFunc("/stops/{stop:[0-9]+}/departures", withStop(network, func(w http.ResponseWriter, r *http.Request, s int) {
		at, err := strconv.Atoi(r.FormValue("at"))
		if err != nil {
			http.Error(w, "at: not a minute of the day", http.StatusBadRequest)
			return
		}
		answer(w, network.departures(s, at))
	})).Methods(http.MethodGet)
	router.HandleFunc("/isochrones", func(w http.ResponseWriter, r *http.Request) {
		isochrone(w, r, network, tables)
	}).Methods(http.MethodGet)
	return router
}

// withStop finds the stop that a path is about.
func withStop(network *network, handle func(http.ResponseWriter, *http.Request, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		stop, err := strconv.Atoi(mux.Vars(r)["stop"])
		if err != nil || stop >= len(network.stops) {
			http.Error(w, "no such stop", http.StatusNotFound)
			return
		}
		handle(w, r, stop)
	}
}

// isochrone tells how much can be reached from a hub within some minutes.
func isochrone(w http.ResponseWriter, r *http.Request, network *network, tables *tables) {
	hub, err := strconv.Atoi(r.FormValue("hub"))
	if err != nil || hub < 0 || hub >= hubs {
		http.Error(w, "no such hub", http.StatusNotFound)
		return
	}
	minutes, err := strconv.Atoi(r.FormValue("minutes"))
	if err != nil || minutes < 1 {
		http.Error(w, "minutes: not a number of minutes", http.StatusBadRequest)
		return
	}
	times, err := tables.from(enquiry{Hub: hub, Bicycle: r.FormValue("mode") == "bicycle", Session: r.FormValue("session")})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, network.within(times, minutes))
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the client has gone: nobody is left to be told.
	_ = json.NewEncoder(w).Encode(value)
}

package main

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"
)

func routes(desk *desk) http.Handler {
	router := chi.NewRouter()
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	router.Mount("/debug/pprof", http.DefaultServeMux)
	router.Post("/payouts", func(w http.ResponseWriter, r *http.Request) {
		var wish payout
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096)).Decode(&wish); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		receipt, err := desk.take(wish)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		reply(w, receipt)
	})
	router.Get("/fees", func(w http.ResponseWriter, r *http.Request) {
		cents, err := strconv.ParseInt(r.URL.Query().Get("cents"), 10, 64)
		if err != nil || cents <= 0 {
			http.Error(w, "cents has to be a number above 0", http.StatusBadRequest)
			return
		}
		reply(w, desk.fees(cents))
	})
	router.Get("/accounts/{account}/statement", func(w http.ResponseWriter, r *http.Request) {
		reply(w, desk.statement(chi.URLParam(r, "account")))
	})
	return router
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

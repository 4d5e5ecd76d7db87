package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"
)

func routes(sessions *registry) http.Handler {
	router := chi.NewRouter()
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	router.Mount("/debug/pprof", http.DefaultServeMux)
	router.Route("/sessions/{id}", func(r chi.Router) {
		r.Get("/", answer(sessions, func(found session, _ *http.Request) any { return found.view() }))
		r.Post("/touch", touch(sessions))
		r.Get("/permissions", answer(sessions, permissions))
	})
	return router
}

// answer looks the session up and shows of it what the caller asked for.
func answer(sessions *registry, show func(session, *http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, err := sessions.lookup(r.Context(), chi.URLParam(r, "id"))
		if err != nil {
			refuse(w, err)
			return
		}
		reply(w, show(found, r))
	}
}

func touch(sessions *registry) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil {
			http.Error(w, "page has to be a number", http.StatusBadRequest)
			return
		}
		found, err := sessions.touch(r.Context(), chi.URLParam(r, "id"), page)
		if err != nil {
			refuse(w, err)
			return
		}
		reply(w, map[string]any{"id": found.id, "page": page, "keep_seconds": found.keepSeconds(page)})
	}
}

func permissions(found session, r *http.Request) any {
	return map[string]any{"id": found.id, "allowed": evaluate(found, r.URL.Query().Get("resource"))}
}

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusServiceUnavailable
	if errors.Is(err, errNoSession) {
		status = http.StatusNotFound
	}
	http.Error(w, err.Error(), status)
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

package main

import (
	"encoding/json"
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"

	"github.com/go-chi/chi/v5"
)

func routes(api *service) http.Handler {
	router := chi.NewRouter()
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	router.Mount("/debug/pprof", http.DefaultServeMux)
	router.Route("/v1", func(r chi.Router) {
		r.Get("/sessions/{id}", api.show)
		r.Put("/sessions/{id}/seen", api.seen)
		r.Get("/users/{user}/sessions", api.ofUser)
		r.Get("/sessions/{id}/allows/{scope}", api.allows)
	})
	return router
}

type sessionView struct {
	ID     string   `json:"id"`
	User   string   `json:"user"`
	Device string   `json:"device"`
	Scopes []string `json:"scopes"`
}

func view(s Session) sessionView {
	return sessionView{ID: s.ID, User: s.User, Device: s.Device, Scopes: s.Scopes}
}

func (api *service) show(w http.ResponseWriter, r *http.Request) {
	session, err := api.session(chi.URLParam(r, "id"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, view(session))
}

func (api *service) seen(w http.ResponseWriter, r *http.Request) {
	at, err := strconv.ParseInt(r.URL.Query().Get("at"), 10, 64)
	if err != nil {
		http.Error(w, "at: not a number", http.StatusBadRequest)
		return
	}
	expires, err := api.prolong(chi.URLParam(r, "id"), at)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, map[string]int64{"seen": at, "expires": expires})
}

func (api *service) ofUser(w http.ResponseWriter, r *http.Request) {
	found := api.sessionsOf(chi.URLParam(r, "user"))
	views := make([]sessionView, 0, len(found))
	for _, session := range found {
		views = append(views, view(session))
	}
	answer(w, views)
}

func (api *service) allows(w http.ResponseWriter, r *http.Request) {
	session, err := api.session(chi.URLParam(r, "id"))
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, map[string]bool{"allowed": session.Allows(chi.URLParam(r, "scope"))})
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the client has gone: nobody is left to be told.
	_ = json.NewEncoder(w).Encode(value)
}

func fail(w http.ResponseWriter, err error) {
	http.Error(w, err.Error(), http.StatusNotFound)
}

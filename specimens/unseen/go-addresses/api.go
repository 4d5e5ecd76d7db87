package main

import (
	"encoding/json"
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"

	"github.com/gorilla/mux"
	"go.uber.org/zap"
)

type service struct {
	logger    *zap.Logger
	directory *directory
	register  *register
}

func (s *service) routes() http.Handler {
	router := mux.NewRouter()
	router.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	router.PathPrefix("/debug/pprof/").Handler(http.DefaultServeMux)
	router.HandleFunc("/addresses/{number:[0-9]+}", s.address).Methods(http.MethodGet)
	router.HandleFunc("/addresses/{number:[0-9]+}/extract", s.extract).Methods(http.MethodGet)
	router.HandleFunc("/suggestions", s.suggestions).Methods(http.MethodGet)
	return router
}

func (s *service) address(w http.ResponseWriter, r *http.Request) {
	if found, ok := s.find(w, r); ok {
		answer(w, found)
	}
}

// extract answers with what the land register says about an address, certified.
func (s *service) extract(w http.ResponseWriter, r *http.Request) {
	found, ok := s.find(w, r)
	if !ok {
		return
	}
	extract, err := s.register.extract(r.Context(), found)
	if err != nil {
		s.logger.Warn("no extract", zap.Int("address", found.Number), zap.Error(err))
		http.Error(w, "the land register does not answer", http.StatusBadGateway)
		return
	}
	answer(w, extract)
}

func (s *service) suggestions(w http.ResponseWriter, r *http.Request) {
	answer(w, s.directory.suggest(r.FormValue("street"), 10))
}

// find looks up the address that a path is about.
func (s *service) find(w http.ResponseWriter, r *http.Request) (address, bool) {
	number, err := strconv.Atoi(mux.Vars(r)["number"])
	if err != nil || number >= len(s.directory.addresses) {
		http.Error(w, "no such address", http.StatusNotFound)
		return address{}, false
	}
	return s.directory.addresses[number], true
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the client has gone: nobody is left to be told.
	_ = json.NewEncoder(w).Encode(value)
}

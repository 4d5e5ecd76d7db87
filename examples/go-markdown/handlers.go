package main

import (
	"io"
	"net/http"
	"strconv"
)

const (
	maxBodyBytes  = 1 << 20
	maxHits       = 20
	maxQueryBytes = 200
)

// service answers HTTP requests from a library.
type service struct {
	library *library
	pages   *pageCache
}

func newService(library *library) *service {
	return &service{library: library, pages: newPageCache()}
}

func (s *service) register(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /render", s.page)
	mux.HandleFunc("POST /render", s.render)
	mux.HandleFunc("GET /search", s.search)
}

func (s *service) health(w http.ResponseWriter, _ *http.Request) {
	answer(w, "text/plain; charset=utf-8", []byte("ok\n"))
}

// page renders the document named by ?doc=.
func (s *service) page(w http.ResponseWriter, r *http.Request) {
	doc, found := s.library.byName[r.URL.Query().Get("doc")]
	if !found {
		http.Error(w, "no such document", http.StatusNotFound)
		return
	}
	html, err := s.pages.page(doc)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, "text/html; charset=utf-8", html)
}

// render renders the Markdown in the body, for previews.
func (s *service) render(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	text := string(body)
	html, err := renderPage(titleOf(text, "Preview"), text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, "text/html; charset=utf-8", html)
}

// search answers ?q= with the best documents as JSON.
func (s *service) search(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query().Get("q")
	if query == "" || len(query) > maxQueryBytes {
		http.Error(w, "q must hold 1 to "+strconv.Itoa(maxQueryBytes)+" bytes", http.StatusBadRequest)
		return
	}
	body, err := s.library.index.search(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, "application/json", body)
}

func answer(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a client that left is not an error of the service
}

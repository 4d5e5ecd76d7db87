package main

import (
	"errors"
	"io"
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"
	"strings"
)

// maxBulk is how many bytes of addresses one request may bring.
const maxBulk = 64 << 10

type api struct {
	geocoder *geocoder
}

func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /v1/{tenant}/lookup", a.lookup)
	mux.HandleFunc("GET /v1/{tenant}/reverse", a.reverse)
	mux.HandleFunc("POST /v1/{tenant}/bulk", a.bulk)
	mux.Handle("/debug/pprof/", http.DefaultServeMux)
	return mux
}

func (a *api) lookup(w http.ResponseWriter, r *http.Request) {
	places, err := a.geocoder.locate(r.Context(), r.PathValue("tenant"), []string{r.URL.Query().Get("q")})
	if err != nil {
		fail(w, err)
		return
	}
	write(w, places)
}

func (a *api) reverse(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	lat, latErr := strconv.ParseFloat(query.Get("lat"), 64)
	lon, lonErr := strconv.ParseFloat(query.Get("lon"), 64)
	if err := errors.Join(latErr, lonErr); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	found, err := a.geocoder.near(r.Context(), r.PathValue("tenant"), lat, lon)
	if err != nil {
		fail(w, err)
		return
	}
	write(w, []place{found})
}

func (a *api) bulk(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBulk))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	places, err := a.geocoder.locate(r.Context(), r.PathValue("tenant"), strings.Split(string(body), "|"))
	if err != nil {
		fail(w, err)
		return
	}
	write(w, places)
}

func write(w http.ResponseWriter, places []place) {
	out := make([]byte, 0, 48*len(places))
	for _, p := range places {
		out = append(out, p.name...)
		out = append(out, '\t')
		out = strconv.AppendFloat(out, p.lat, 'f', 5, 64)
		out = append(out, '\t')
		out = strconv.AppendFloat(out, p.lon, 'f', 5, 64)
		out = append(out, '\n')
	}
	w.Header().Set("Content-Type", "text/tab-separated-values")
	// An error here means that the client has gone: nobody is left to be told.
	_, _ = w.Write(out)
}

func fail(w http.ResponseWriter, err error) {
	if errors.Is(err, errTenant) {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	http.Error(w, err.Error(), http.StatusTooManyRequests)
}

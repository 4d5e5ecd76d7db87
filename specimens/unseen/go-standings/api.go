package main

import (
	"encoding/json"
	"net/http"
	"strconv"
)

const page = 20

type api struct {
	season  *season
	insight *insight
}

func (a *api) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /players/{player}/place", a.place)
	mux.HandleFunc("GET /players/{player}/rivals", a.rivals)
	mux.HandleFunc("GET /leagues/{league}/table", a.table)
	mux.HandleFunc("GET /operators/report", a.report)
	mux.Handle("/debug/pprof/", http.DefaultServeMux)
	return mux
}

func (a *api) place(w http.ResponseWriter, r *http.Request) {
	player, err := strconv.Atoi(r.PathValue("player"))
	league, place, ok := a.season.place(player)
	if err != nil || !ok {
		http.Error(w, "no such player", http.StatusNotFound)
		return
	}
	reply(w, map[string]int{"player": player, "league": league, "place": place + 1})
}

func (a *api) rivals(w http.ResponseWriter, r *http.Request) {
	player, err := strconv.Atoi(r.PathValue("player"))
	league, place, ok := a.season.place(player)
	if err != nil || !ok {
		http.Error(w, "no such player", http.StatusNotFound)
		return
	}
	reply(w, map[string]any{"player": player, "rivals": a.season.window(league, place-3, 7)})
}

func (a *api) table(w http.ResponseWriter, r *http.Request) {
	league, err := strconv.Atoi(r.PathValue("league"))
	if err != nil || league < 0 || league >= leagues {
		http.Error(w, "no such league", http.StatusNotFound)
		return
	}
	from, err := strconv.Atoi(r.URL.Query().Get("from"))
	if err != nil {
		http.Error(w, "from has to be a number", http.StatusBadRequest)
		return
	}
	reply(w, map[string]any{"league": league, "table": a.season.window(league, from, page)})
}

// report shows the operators what was found last; players never see it.
func (a *api) report(w http.ResponseWriter, _ *http.Request) {
	latest := a.insight.latest.Load()
	if latest == nil {
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		return
	}
	reply(w, *latest)
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

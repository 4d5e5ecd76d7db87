package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// article is what the shop knows without the depots.
type article struct {
	Number  int    `json:"number"`
	Name    string `json:"name"`
	PerWeek int    `json:"sold_per_week"`
}

// availability is the answer to the shop.
type availability struct {
	Depot   int    `json:"depot"`
	Article int    `json:"article"`
	Pieces  int    `json:"pieces"`
	Days    int    `json:"days"`
	Source  string `json:"source"`
}

type api struct {
	warehouse *warehouse
	log       *slog.Logger
}

func routes(warehouse *warehouse, log *slog.Logger) http.Handler {
	a := &api{warehouse: warehouse, log: log}
	router := chi.NewRouter()
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	router.Handle("/debug/pprof/*", http.DefaultServeMux)
	router.Group(func(shop chi.Router) {
		shop.Use(middleware.RequestID, middleware.Recoverer)
		shop.Get("/articles/{article}", a.article)
		shop.Get("/depots/{depot}/articles/{article}", a.availability)
	})
	return router
}

func (a *api) article(w http.ResponseWriter, r *http.Request) {
	if number, ok := number(w, r, "article", articles); ok {
		answer(w, lookUp(number))
	}
}

func (a *api) availability(w http.ResponseWriter, r *http.Request) {
	depot, ok := number(w, r, "depot", depots)
	if !ok {
		return
	}
	article, ok := number(w, r, "article", articles)
	if !ok {
		return
	}
	level, err := a.warehouse.onHand(r.Context(), depot, article)
	if err != nil {
		a.log.DebugContext(r.Context(), "estimated", "depot", depot, "article", article, "error", err)
		answer(w, estimate(depot, article))
		return
	}
	days := 1
	if level.Pieces == 0 {
		days = level.NextDelivery
	}
	answer(w, availability{Depot: depot, Article: article, Pieces: level.Pieces, Days: days, Source: "depot"})
}

// estimate is for depots that cannot be asked: half of what is sold in a week is likely to be there.
func estimate(depot, number int) availability {
	return availability{Depot: depot, Article: number, Pieces: lookUp(number).PerWeek / 2, Days: 3, Source: "estimate"}
}

func lookUp(number int) article {
	kinds := []string{"desk", "lamp", "chair", "shelf", "drawer", "rug"}
	return article{
		Number:  number,
		Name:    fmt.Sprintf("%s %d", kinds[number%len(kinds)], number/len(kinds)),
		PerWeek: number * 7919 % 180,
	}
}

// number returns a part of the path that is from 1 to most, or answers that it is not.
func number(w http.ResponseWriter, r *http.Request, name string, most int) (int, bool) {
	n, err := strconv.Atoi(chi.URLParam(r, name))
	if err != nil || n < 1 || n > most {
		http.Error(w, "no such "+name, http.StatusNotFound)
		return 0, false
	}
	return n, true
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the client has gone: nobody is left to be told.
	_ = json.NewEncoder(w).Encode(value)
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	_ "net/http/pprof" // operators profile it in production

	"github.com/julienschmidt/httprouter"
)

// maxBill is how many bytes a bill of materials may have.
const maxBill = 1 << 20

func routes(catalogue *catalogue) http.Handler {
	router := httprouter.New()
	router.GET("/healthz", func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) { w.WriteHeader(http.StatusOK) })
	router.Handler(http.MethodGet, "/debug/pprof/*profile", http.DefaultServeMux)
	router.GET("/parts/:number", func(w http.ResponseWriter, _ *http.Request, params httprouter.Params) {
		part, ok := catalogue.part(params.ByName("number"))
		if !ok {
			http.Error(w, "no such part", http.StatusNotFound)
			return
		}
		answer(w, part)
	})
	router.POST("/bills/check", withBill(checkBill))
	router.POST("/bills/cost", withBill(costOfBill))
	return router
}

// withBill reads the lines that come with a request, or answers what is wrong with them.
func withBill(handle func(http.ResponseWriter, []line)) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBill))
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		lines, err := parse(string(body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		handle(w, lines)
	}
}

func checkBill(w http.ResponseWriter, lines []line) {
	pieces := 0
	for _, line := range lines {
		pieces += line.quantity
	}
	answer(w, map[string]int{"lines": len(lines), "pieces": pieces})
}

func costOfBill(w http.ResponseWriter, lines []line) {
	quote, err := price(lines)
	if err != nil {
		http.Error(w, fmt.Sprintf("bill: %v", err), http.StatusUnprocessableEntity)
		return
	}
	answer(w, quote)
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the client has gone: nobody is left to be told.
	_ = json.NewEncoder(w).Encode(value)
}

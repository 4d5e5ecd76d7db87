package main

import (
	"encoding/json"
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"
)

func routes(ledger *ledger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.Handle("/debug/pprof/", http.DefaultServeMux)
	mux.HandleFunc("POST /payments", func(w http.ResponseWriter, r *http.Request) { pay(w, r, ledger) })
	mux.HandleFunc("GET /statements/{account}", showStatement)
	mux.HandleFunc("GET /fees", fees)
	mux.HandleFunc("GET /currencies/{code}", currency)
	return mux
}

// order is a payment as a client asks for it.
type order struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Currency string `json:"currency"`
	Cents    int64  `json:"cents"`
	Parts    int    `json:"parts"`
}

func pay(w http.ResponseWriter, r *http.Request, ledger *ledger) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		http.Error(w, "Idempotency-Key is missing", http.StatusBadRequest)
		return
	}
	var asked order
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<14)).Decode(&asked); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	receipt, err := ledger.pay(key, asked)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	for name, value := range receipt.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(receipt.status)
	// An error here means that the client has gone: nobody is left to be told.
	_, _ = w.Write(receipt.body)
}

func showStatement(w http.ResponseWriter, r *http.Request) {
	month, err := strconv.Atoi(r.URL.Query().Get("month"))
	if err != nil || month < 1 || month > 12 {
		http.Error(w, "month: must be 1 to 12", http.StatusBadRequest)
		return
	}
	answer(w, statementOf(r.PathValue("account"), month))
}

func fees(w http.ResponseWriter, r *http.Request) {
	cents, err := strconv.ParseInt(r.URL.Query().Get("cents"), 10, 64)
	if err != nil {
		http.Error(w, "cents: not a number", http.StatusBadRequest)
		return
	}
	answer(w, map[string]int64{"cents": cents, "fee": feeFor(cents)})
}

func currency(w http.ResponseWriter, r *http.Request) {
	digits, ok := currencies[r.PathValue("code")]
	if !ok {
		http.Error(w, "no such currency", http.StatusNotFound)
		return
	}
	answer(w, map[string]any{"code": r.PathValue("code"), "digits": digits})
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

package main

import (
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
)

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/size", size)
	mux.HandleFunc("/status/{status}", status)
	mux.HandleFunc("/bytes/{count}", bytes)
	mux.HandleFunc("/early-hints", earlyHints)
	mux.HandleFunc("/trailers", trailers)
	mux.HandleFunc("/endless", endless)
	mux.HandleFunc("/never", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/reset-within", resetWithin)
	mux.HandleFunc("/last/{of}", last())
	return mux
}

// echo answers with the request's body, once it has read all of it.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

// size answers with the number of bytes of the request's body.
func size(w http.ResponseWriter, r *http.Request) {
	count, _ := io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, strconv.FormatInt(count, 10))
}

func status(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.PathValue("status"))
	if err != nil || code < 200 || code > 999 {
		code = http.StatusBadRequest
	}
	w.WriteHeader(code)
}

func bytes(w http.ResponseWriter, r *http.Request) {
	left, _ := strconv.Atoi(r.PathValue("count"))
	w.Header().Set("Content-Length", strconv.Itoa(left))
	for piece := make([]byte, 32*1024); left > 0; left -= len(piece) {
		_, _ = w.Write(piece[:min(left, len(piece))])
	}
}

// earlyHints sends an interim head before the final one.
func earlyHints(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Link", "</style.css>; rel=preload")
	w.WriteHeader(http.StatusEarlyHints)
	w.WriteHeader(http.StatusOK)
	_, _ = io.WriteString(w, "final")
}

func trailers(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Trailer", "Checksum")
	_, _ = io.WriteString(w, "body")
	w.Header().Set("Checksum", "none")
}

func endless(w http.ResponseWriter, _ *http.Request) {
	for piece := make([]byte, 32*1024); ; {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// resetWithin breaks off inside an answer.
func resetWithin(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = io.WriteString(w, "the first part")
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// last says of every so many answers that it is the connection's last: `Connection: close`, or GOAWAY in HTTP/2.
func last() http.HandlerFunc {
	var served atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		of, err := strconv.ParseInt(r.PathValue("of"), 10, 64)
		if err == nil && of > 0 && served.Add(1)%of == 0 {
			w.Header().Set("Connection", "close")
		}
		_, _ = io.WriteString(w, "ok")
	}
}

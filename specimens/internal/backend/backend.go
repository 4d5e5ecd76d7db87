// Package backend is the service behind a specimen: a stub on loopback, inside of the same process.
package backend

import (
	"io"
	"net/http"
	"net/http/httptest"
)

// Answering starts a backend that answers with its parameter "key" at once.
func Answering() *httptest.Server { return httptest.NewServer(http.HandlerFunc(echo)) }

// AnsweringTLS starts one that wants its connections encrypted; its Client() knows the certificate.
func AnsweringTLS() *httptest.Server { return httptest.NewTLSServer(http.HandlerFunc(echo)) }

// Silent starts a backend that takes requests and never answers.
func Silent() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
}

func echo(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.FormValue("key")) // whoever asked may be gone
}

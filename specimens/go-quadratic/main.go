// Command go-quadratic answers how many different words of eight letters a body holds.
//
// Planted: distinct compares each word with all that it has seen. Most bodies are short; the longest of a hundred is
// ten times as long and takes a hundred times the CPU time, which makes the tail. The healthy twin keeps a set.
package main

import (
	"fmt"
	"io"
	"net/http"

	"example.com/specimens/internal/serve"
)

const (
	letters = 8
	longest = 1 << 20
)

func main() {
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longest))
		if err != nil {
			http.Error(w, "the body is too long", http.StatusRequestEntityTooLarge)
			return
		}
		words := split(string(body))
		serve.Text(w, fmt.Sprintf("%d of %d\n", distinct(words), len(words)))
	})
}

func split(text string) []string {
	words := make([]string, 0, len(text)/letters)
	for ; len(text) >= letters; text = text[letters:] {
		words = append(words, text[:letters])
	}
	return words
}

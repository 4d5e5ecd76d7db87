// Command go-logging answers an order and writes it to a journal.
//
// Planted: note waits until the disk has the line (fsync), within the request. The healthy twin buffers lines, which a
// goroutine of their own writes once a second.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"example.com/specimens/internal/serve"
)

func main() {
	file, err := unnamed()
	if err != nil {
		log.Fatal(err)
	}
	orders := newJournal(file)
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		key := serve.Key(r)
		orders.note(fmt.Sprintf("order %d\n", key))
		serve.Number(w, key)
	})
}

// unnamed opens a file that is gone when the process is.
func unnamed() (*os.File, error) {
	const folder = "scratch"
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(folder, "journal-")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

// Command go-retries answers what one of its backends says, and asks the next one if that takes too long.
//
// Planted: three of a hundred keys are first looked for at a backend that takes requests and never answers. They are
// given up after 20 ms and asked for again elsewhere. The healthy twin does not have that backend in its list.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"example.com/specimens/internal/backend"
	"example.com/specimens/internal/serve"
)

const patience = 20 * time.Millisecond

type backends struct {
	client       *http.Client
	quick, stuck string
}

func main() {
	quick, stuck := backend.Answering(), backend.Silent()
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	all := &backends{client: &http.Client{Transport: transport}, quick: quick.URL, stuck: stuck.URL}
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		text, err := all.askWithRetry(r.Context(), serve.Key(r))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		serve.Text(w, text+"\n")
	})
}

// askWithRetry asks one backend after the other, until one answers.
//
//go:noinline
func (b *backends) askWithRetry(ctx context.Context, key uint64) (string, error) {
	var text string
	var err error
	for _, address := range b.order(key) {
		if text, err = b.ask(ctx, address, key); err == nil {
			return text, nil
		}
	}
	return "", err
}

//go:noinline
func (b *backends) ask(ctx context.Context, address string, key uint64) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(bounded, http.MethodGet, fmt.Sprintf("%s/?key=%d", address, key), nil)
	if err != nil {
		return "", err
	}
	response, err := b.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

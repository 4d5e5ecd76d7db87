package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	// answerTime is how long a depot may take; they usually need two or three milliseconds.
	answerTime = 60 * time.Millisecond
	// tries is how often a depot is asked before the shop gets an estimate.
	tries = 2
)

// level is what a depot says about an article.
type level struct {
	Pieces       int `json:"pieces"`
	NextDelivery int `json:"next_delivery"`
}

// warehouse asks the terminals of the depots.
type warehouse struct {
	base   string
	client *http.Client
	log    *slog.Logger
	policy policy
}

func newWarehouse(base string, log *slog.Logger) *warehouse {
	return &warehouse{base: base, log: log, policy: newPolicy(), client: &http.Client{Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 500 * time.Millisecond, KeepAlive: 30 * time.Second}).DialContext,
		MaxIdleConns:        128,
		MaxIdleConnsPerHost: 128,
		IdleConnTimeout:     90 * time.Second,
	}}}
}

// fetch asks a depot once.
func (w *warehouse) fetch(ctx context.Context, depot, article int) (level, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()

	url := fmt.Sprintf("%s/depots/%d/levels/%d", w.base, depot, article)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return level{}, err
	}
	request.Header.Set("Accept", "application/json")
	response, err := w.client.Do(request)
	if err != nil {
		return level{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return level{}, err
	}
	if response.StatusCode != http.StatusOK {
		return level{}, fmt.Errorf("depot %d: %s", depot, response.Status)
	}
	var l level
	if err := json.Unmarshal(body, &l); err != nil {
		return level{}, fmt.Errorf("depot %d: %w", depot, err)
	}
	return l, nil
}

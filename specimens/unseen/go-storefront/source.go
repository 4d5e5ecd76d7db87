package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

type product struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	Cents  int    `json:"cents"`
	Stock  int    `json:"stock"`
}

// page is what the merchandising system answers with.
type page struct {
	Products []product `json:"products"`
	More     bool      `json:"more"`
}

// source reads shelves from the merchandising system.
type source struct {
	base   string
	client *http.Client
}

func newSource(base string) *source {
	return &source{base: base, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: 5 * time.Minute},
		Timeout:   2 * time.Second,
	}}
}

// products returns all that is on a shelf.
func (s *source) products(ctx context.Context, shelf int) ([]product, error) {
	var all []product
	for number := 0; ; number++ {
		page, err := s.page(ctx, shelf, number)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", number, err)
		}
		all = append(all, page.Products...)
		if !page.More {
			return all, nil
		}
	}
}

func (s *source) page(ctx context.Context, shelf, number int) (page, error) {
	url := fmt.Sprintf("%s/shelves/%d/pages/%d", s.base, shelf, number)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return page{}, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return page{}, err
	}
	if response.StatusCode != http.StatusOK {
		return page{}, fmt.Errorf("merchandising system: %s", response.Status)
	}
	var p page
	err = json.Unmarshal(body, &p)
	return p, err
}

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// office is the tax office's interface.
type office struct {
	url    string
	client *http.Client
}

func newOffice(url string) *office {
	return &office{url: url, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}}
}

// deliver hands a receipt over and waits until the office has taken it.
func (o *office) deliver(ctx context.Context, number int) error {
	text, err := printReceipt(number)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("%s/receipts/%d", o.url, number)
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, url, strings.NewReader(text))
	if err != nil {
		return err
	}
	response, err := o.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("the office said %s", response.Status)
	}
	return nil
}

// startSandbox starts what stands in for the tax office where there is no way to the real one, and is as slow. It
// returns its URL.
func startSandbox() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /receipts/{number}", func(w http.ResponseWriter, r *http.Request) {
		number, err := strconv.Atoi(r.PathValue("number"))
		if err != nil {
			http.Error(w, "not a number of ours", http.StatusBadRequest)
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		select {
		case <-time.After(60*time.Millisecond + time.Duration(number%9)*10*time.Millisecond):
			w.WriteHeader(http.StatusCreated)
		case <-r.Context().Done():
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go server.Serve(listener)
	return "http://" + listener.Addr().String(), nil
}

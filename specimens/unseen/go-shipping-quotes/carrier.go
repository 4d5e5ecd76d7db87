package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

var (
	errLaneClosed      = errors.New("lane is not served")
	errUnknownShipment = errors.New("no such shipment")
)

const maxAnswer = 1 << 20

// Rate is one tariff of the carrier.
type Rate struct {
	Service  string `json:"service"`
	Cents    int    `json:"cents"`
	Days     int    `json:"days"`
	MaxGrams int    `json:"max_grams"`
}

// Shipment is the state of a parcel.
type Shipment struct {
	ID     string   `json:"id"`
	Status string   `json:"status"`
	Route  []string `json:"route"`
}

// carrierClient talks to the carrier's gateway.
type carrierClient struct {
	base string
	http *http.Client
}

func newCarrierClient(base string, ids *identities) *carrierClient {
	return &carrierClient{
		base: base,
		http: &http.Client{
			Timeout: 5 * time.Second,
			Transport: &http.Transport{
				TLSClientConfig: &tls.Config{
					Certificates: []tls.Certificate{ids.shop},
					RootCAs:      ids.roots,
					MinVersion:   tls.VersionTLS13,
				},
				MaxIdleConnsPerHost: 12,
				IdleConnTimeout:     90 * time.Second,
			},
		},
	}
}

func (c *carrierClient) rates(ctx context.Context, sku string, zone, grams int) ([]Rate, error) {
	query := url.Values{"sku": {sku}, "zone": {strconv.Itoa(zone)}, "grams": {strconv.Itoa(grams)}}
	var rates []Rate
	err := c.get(ctx, "/v2/rates?"+query.Encode(), &rates)
	return rates, err
}

func (c *carrierClient) shipment(ctx context.Context, id string) (*Shipment, error) {
	state := new(Shipment)
	if err := c.get(ctx, "/v2/shipments/"+url.PathEscape(id), state); err != nil {
		return nil, err
	}
	return state, nil
}

// get asks the gateway and decodes what it answers.
func (c *carrierClient) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer release(response.Body)
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusUnprocessableEntity:
		return errLaneClosed
	case http.StatusNotFound:
		return errUnknownShipment
	default:
		return fmt.Errorf("gateway answered %s", response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

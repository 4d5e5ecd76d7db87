package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"
)

// directoryTime is how long the carrier needs to learn what it has agreed with a partner who connects.
const directoryTime = 18 * time.Millisecond

// gateway stands for the carrier: in this process, on a port of its own, and it wants the shop's certificate.
type gateway struct {
	url    string
	server *http.Server
}

var (
	services = []string{"economy", "ground", "priority", "express", "overnight"}
	hubs     = []string{"LEJ", "CGN", "LGG", "EMA", "BGY", "VIT", "CDG", "KTW", "MMX", "BUD", "OTP", "ATH"}
	statuses = []string{"announced", "picked up", "in transit", "out for delivery", "delivered"}
)

func startGateway(ids *identities) (*gateway, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/rates", serveRates)
	mux.HandleFunc("GET /v2/shipments/{id}", serveShipment)
	g := &gateway{
		url: "https://" + listener.Addr().String(),
		server: &http.Server{
			Handler:           mux,
			ReadHeaderTimeout: 5 * time.Second,
			TLSConfig:         &tls.Config{GetConfigForClient: directory(ids)},
		},
	}
	go func() { _ = g.server.ServeTLS(listener, "", "") }()
	return g, nil
}

// directory stands for the place where the carrier keeps whom each partner is let in by.
func directory(ids *identities) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	agreed := &tls.Config{
		Certificates: []tls.Certificate{ids.carrier},
		ClientCAs:    ids.roots,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS13,
	}
	return func(*tls.ClientHelloInfo) (*tls.Config, error) {
		time.Sleep(directoryTime)
		return agreed, nil
	}
}

func (g *gateway) stop() {
	_ = g.server.Shutdown(context.Background())
}

func serveRates(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	sku := query.Get("sku")
	zone, zoneErr := strconv.Atoi(query.Get("zone"))
	grams, gramsErr := strconv.Atoi(query.Get("grams"))
	if zoneErr != nil || gramsErr != nil {
		http.Error(w, "zone and grams have to be numbers", http.StatusBadRequest)
		return
	}
	// Some goods are not flown, or not driven through some countries.
	if digest("lane:"+sku+":"+strconv.Itoa(zone))%7 == 0 {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"type": "https://carrier.example/problems/lane-not-served", "title": "lane not served",
			"zone": zone, "alternatives": hubs, "contact": "lanes@carrier.example",
		})
		return
	}
	rates := make([]Rate, 0, len(services))
	for i, service := range services {
		rates = append(rates, Rate{
			Service:  service,
			Cents:    290 + 110*i + 7*zone + grams*(3+i)/40,
			Days:     len(services) - i + zone%3,
			MaxGrams: 31500 - 4000*i,
		})
	}
	_ = json.NewEncoder(w).Encode(rates)
}

func serveShipment(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	seed := digest("shipment:" + id)
	state := Shipment{ID: id, Status: statuses[seed%uint64(len(statuses))]}
	for hop := range 2 + seed%5 {
		state.Route = append(state.Route, hubs[(seed>>(4*hop))%uint64(len(hubs))])
	}
	_ = json.NewEncoder(w).Encode(state)
}

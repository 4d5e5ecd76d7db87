package main

import (
	"cmp"
	"context"
	"errors"
	"hash/fnv"
	"slices"
)

const zones = 48

// quoteService turns what a customer asks into what the carrier understands, and back.
type quoteService struct {
	carrier *carrierClient
}

// Offer is what the shop shows at the checkout.
type Offer struct {
	SKU      string   `json:"sku"`
	Zip      string   `json:"zip"`
	Grams    int      `json:"grams"`
	Served   bool     `json:"served"`
	Options  []Option `json:"options,omitempty"`
	Cheapest string   `json:"cheapest,omitempty"`
}

// Option is one way to ship.
type Option struct {
	Service string `json:"service"`
	Cents   int    `json:"cents"`
	Days    int    `json:"days"`
}

func (s *quoteService) offer(ctx context.Context, sku, zip string, quantity int) (*Offer, error) {
	grams := quantity * gramsOf(sku)
	offer := &Offer{SKU: sku, Zip: zip, Grams: grams}
	rates, err := s.carrier.rates(ctx, sku, zoneOf(zip), grams)
	if errors.Is(err, errLaneClosed) {
		return offer, nil // an answer as good as any: the shop offers pick-up instead
	}
	if err != nil {
		return nil, err
	}
	for _, rate := range rates {
		if rate.MaxGrams >= grams {
			offer.Options = append(offer.Options, Option{Service: rate.Service, Cents: rate.Cents, Days: rate.Days})
		}
	}
	slices.SortFunc(offer.Options, func(a, b Option) int {
		return cmp.Or(cmp.Compare(a.Cents, b.Cents), cmp.Compare(a.Service, b.Service))
	})
	offer.Served = len(offer.Options) > 0
	if offer.Served {
		offer.Cheapest = offer.Options[0].Service
	}
	return offer, nil
}

func (s *quoteService) whereabouts(ctx context.Context, id string) (*Shipment, error) {
	return s.carrier.shipment(ctx, id)
}

// zoneOf maps a postal code to the carrier's zone.
func zoneOf(zip string) int { return int(digest("zip:"+zip) % zones) }

// gramsOf is the weight of one piece in the shop's catalogue.
func gramsOf(sku string) int { return 80 + int(digest("sku:"+sku)%2400) }

func digest(text string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(text))
	value := hash.Sum64()
	return value ^ value>>29 // FNV's low bits alone follow the last characters too closely
}

package main

import (
	"context"
	"slices"
)

// geocoder answers what a tenant's quota permits.
type geocoder struct {
	quota     *quota
	gazetteer *gazetteer
}

// locate finds a place for each address. A long list is worked off in pieces that the quota can admit.
func (g *geocoder) locate(ctx context.Context, tenant string, addresses []string) ([]place, error) {
	found := make([]place, 0, len(addresses))
	for piece := range slices.Chunk(addresses, burst) {
		if err := g.quota.admit(ctx, tenant, len(piece)); err != nil {
			return nil, err
		}
		for _, address := range piece {
			found = append(found, g.gazetteer.find(address))
		}
	}
	return found, nil
}

// near finds the place next to a point.
func (g *geocoder) near(ctx context.Context, tenant string, lat, lon float64) (place, error) {
	if err := g.quota.admit(ctx, tenant, 1); err != nil {
		return place{}, err
	}
	return g.gazetteer.nearest(lat, lon), nil
}

package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// location is where a network is.
type location struct {
	Country string `json:"country"`
	City    string `json:"city"`
	ASN     uint32 `json:"asn"`
	Bits    uint8  `json:"bits"`
}

type country struct {
	Code   string   `json:"code"`
	Cities []string `json:"cities"`
}

const (
	citiesEach = 40
	asns       = 70_000
)

var countries = makeCountries("AT BE BR CA CH CN DE DK ES FI FR GB IE IN IT JP KR MX NL NO PL PT SE SG US ZA")

func makeCountries(codes string) []country {
	var all []country
	for code := range strings.FieldsSeq(codes) {
		c := country{Code: code}
		for n := range citiesEach {
			c.Cities = append(c.Cities, fmt.Sprintf("%s city %d", code, n+1))
		}
		all = append(all, c)
	}
	return all
}

func countryOf(code string) (country, bool) {
	for _, c := range countries {
		if c.Code == code {
			return c, true
		}
	}
	return country{}, false
}

// network is one row of the published list of networks.
type network struct {
	prefix  uint32
	bits    uint8
	country uint16
	city    uint16
	asn     uint32
}

// locator finds the smallest network that an address is in.
type locator struct {
	table *table
}

// newLocator reads the list of networks. It is drawn from a fixed seed: it stands for the file that providers sell.
func newLocator(count int) *locator {
	draw := rand.New(rand.NewPCG(7, 11))
	table := newTable()
	for range count {
		bits := uint8(18 + draw.IntN(8))
		table.insert(network{
			prefix:  draw.Uint32() >> (32 - bits) << (32 - bits),
			bits:    bits,
			country: uint16(draw.IntN(len(countries))),
			city:    uint16(draw.IntN(citiesEach)),
			asn:     uint32(draw.IntN(asns) + 1),
		})
	}
	return &locator{table: table}
}

func (l *locator) locate(address netip.Addr) location {
	four := address.As4()
	return l.table.find(binary.BigEndian.Uint32(four[:]))
}

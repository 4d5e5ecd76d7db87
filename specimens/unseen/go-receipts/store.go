package main

import (
	_ "embed"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

const (
	merchantCount = 600
	everyNth      = 12 // one of so many merchants has a theme of its own
)

var (
	countries = []string{
		"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
		"LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
	}
	goods = []string{
		"Oak shelf", "Linen towel", "Bicycle bell", "Notebook, dotted", "Ceramic cup", "Desk lamp", "Wool socks",
		"Tea, 100 g", "Chopping board", "Poster \"Harbour\"", "Soap & dish", "Garden twine",
	}
)

//go:embed themes/head.part
var themeHead string

//go:embed themes/country.part
var themeCountry string

// merchant is who sells.
type merchant struct {
	ID      string
	Name    string
	Country string
	Rate    int // of tax, in percent
	theme   string
}

// merchants is the store of all of them, with the themes that they have uploaded as text.
type merchants struct {
	byID map[string]*merchant
	list []*merchant
}

func newMerchants() *merchants {
	all := &merchants{byID: make(map[string]*merchant, merchantCount)}
	for number := 1; number <= merchantCount; number++ {
		id := "m" + strconv.Itoa(number)
		seed := digest(id)
		one := &merchant{
			ID:      id,
			Name:    fmt.Sprintf("Shop %d <%s>", number, id),
			Country: countries[seed%uint64(len(countries))],
			Rate:    17 + int(seed>>8)%10,
		}
		if number%everyNth == 5 {
			one.theme = uploadedTheme(number)
		}
		all.byID[id] = one
		all.list = append(all.list, one)
	}
	return all
}

func (m *merchants) find(id string) *merchant { return m.byID[id] }

func (m *merchants) themed() []*merchant {
	var found []*merchant
	for _, one := range m.list {
		if one.theme != "" {
			found = append(found, one)
		}
	}
	return found
}

// uploadedTheme is what the theme editor saves: one text, with the legal notes of all countries in it.
func uploadedTheme(number int) string {
	var text strings.Builder
	colour := fmt.Sprintf("#%06x", digest("colour"+strconv.Itoa(number))&0xffffff)
	text.WriteString(strings.ReplaceAll(themeHead, "COLOUR", colour))
	text.WriteString(`{{define "notes"}}`)
	for _, country := range countries {
		fmt.Fprintf(&text, "{{template %q .}}", country)
	}
	text.WriteString("{{end}}\n")
	for _, country := range countries {
		text.WriteString(strings.ReplaceAll(themeCountry, "COUNTRY", country))
	}
	return text.String()
}

// order is what was bought. It follows from the merchant and the number.
type order struct {
	Number          uint64
	Lines           []line
	Net, Tax, Gross int
}

type line struct {
	Name         string
	Pieces, Each int
	Sum          int
}

func newOrder(owner *merchant, number uint64) *order {
	seed := digest(owner.ID + "/" + strconv.FormatUint(number, 10))
	bought := &order{Number: number}
	for i := range 2 + seed%5 {
		pick := seed >> (7 * i)
		one := line{Name: goods[pick%uint64(len(goods))], Pieces: 1 + int(pick%3), Each: 199 + int(pick%4800)}
		one.Sum = one.Pieces * one.Each
		bought.Net += one.Sum
		bought.Lines = append(bought.Lines, one)
	}
	bought.Tax = bought.Net * owner.Rate / 100
	bought.Gross = bought.Net + bought.Tax
	return bought
}

func digest(text string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(text))
	value := hash.Sum64()
	return value ^ value>>29
}

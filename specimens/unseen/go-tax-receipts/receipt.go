package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"text/template"
)

// key signs receipts; the tills have it too.
var key = []byte("a chain of shops, not a bank")

var goods = []string{"apples", "bread", "butter", "cheese", "coffee", "flour", "milk", "noodles", "rice", "soap", "tea"}

var layout = template.Must(template.New("receipt").Funcs(template.FuncMap{"money": money}).Parse(
	`{{.Till.Shop}}, till {{.Till.Number}}
receipt {{.Number}}
{{range $at, $position := .Positions}}{{with $position}}{{$at}} {{.Name}} {{.Pieces}} x {{money .Cents}} = {{money .Total}}
{{end}}{{end}}total {{money .Total}}
`))

type till struct {
	Number int    `json:"number"`
	Shop   string `json:"shop"`
}

type position struct {
	Name          string
	Pieces, Cents int
}

func (p position) Total() int { return p.Pieces * p.Cents }

type receipt struct {
	Number    int
	Till      till
	Positions []position
	Total     int
}

func tillOf(number int) till {
	return till{Number: number, Shop: fmt.Sprintf("shop %d", number/8+1)}
}

// receiptOf looks up what was sold.
func receiptOf(number int) receipt {
	r := receipt{Number: number, Till: tillOf(number % 400)}
	for at := range 60 + number%60 {
		mixed := (number + at*7919) * 2654435761 >> 8
		p := position{goods[mixed%len(goods)], 1 + mixed/16%4, 49 + mixed/64%1900}
		r.Positions = append(r.Positions, p)
		r.Total += p.Total()
	}
	return r
}

// printReceipt lays a receipt out and signs it.
func printReceipt(number int) (string, error) {
	var text strings.Builder
	if err := layout.Execute(&text, receiptOf(number)); err != nil {
		return "", fmt.Errorf("receipt %d: %w", number, err)
	}
	signer := hmac.New(sha256.New, key)
	signer.Write([]byte(text.String()))
	fmt.Fprintf(&text, "signed %s\n", hex.EncodeToString(signer.Sum(nil)))
	return text.String(), nil
}

func money(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// maxParts is into how many bookings one payment may be split.
const maxParts = 48

var (
	errCurrency = errors.New("no such currency")
	errParts    = errors.New("parts: must be 1 to " + strconv.Itoa(maxParts))

	currencies = map[string]int{"CHF": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3, "SEK": 2, "USD": 2}
)

// posting is one booking of a payment.
type posting struct {
	Account string `json:"account"`
	Memo    string `json:"memo"`
	Cents   int64  `json:"cents"`
}

// receipt is all that a repeated request needs to be answered as the first one was.
type receipt struct {
	asked    order
	postings []*posting
	header   map[string]string
	status   int
	body     []byte
}

// ledger books payments.
type ledger struct {
	receipts *receipts
}

// readBack takes up what the journal has of the last days, oldest first.
func (l *ledger) readBack(payments int) {
	for n := range payments {
		asked := order{
			From: "a" + strconv.Itoa(n%997), To: "b" + strconv.Itoa(n%89), Currency: "EUR",
			Cents: int64(n%90_000 + 1), Parts: n%16 + 16,
		}
		if made, err := book("journal-"+strconv.Itoa(n), asked); err == nil {
			l.receipts.keep("journal-"+strconv.Itoa(n), made)
		}
	}
}

// pay books a payment unless its key is known; the answer is the same either way.
func (l *ledger) pay(key string, asked order) (*receipt, error) {
	if known, ok := l.receipts.find(key); ok {
		return known, nil
	}
	made, err := book(key, asked)
	if err != nil {
		return nil, err
	}
	l.receipts.keep(key, made)
	return made, nil
}

// book splits a payment into its parts and the fee.
func book(key string, asked order) (*receipt, error) {
	if _, ok := currencies[asked.Currency]; !ok {
		return nil, errCurrency
	}
	if asked.Parts < 1 || asked.Parts > maxParts {
		return nil, errParts
	}
	postings := make([]*posting, 0, asked.Parts+1)
	left := asked.Cents
	for part := range asked.Parts {
		cents := left / int64(asked.Parts-part)
		left -= cents
		postings = append(postings, &posting{
			Account: fmt.Sprintf("%s/%s/%d", asked.From, asked.To, part+1),
			Memo:    fmt.Sprintf("part %d of %d, %d %s", part+1, asked.Parts, cents, asked.Currency),
			Cents:   cents,
		})
	}
	fee := feeFor(asked.Cents)
	postings = append(postings, &posting{Account: "fees/" + asked.Currency, Memo: "fee of " + key, Cents: fee})
	body, err := json.Marshal(map[string]any{"key": key, "booked": asked.Cents, "fee": fee, "last": postings[asked.Parts-1]})
	if err != nil {
		return nil, err
	}
	return &receipt{
		asked:    asked,
		postings: postings,
		header: map[string]string{
			"Content-Type": "application/json", "Location": "/payments/" + key, "X-Parts": strconv.Itoa(asked.Parts),
		},
		status: 201,
		body:   body,
	}, nil
}

// feeFor is a tenth of a per cent, at least 5 and at most 900 cents.
func feeFor(cents int64) int64 {
	return min(max(cents/1000, 5), 900)
}

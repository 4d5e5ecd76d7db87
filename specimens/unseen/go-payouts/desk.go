package main

import (
	"errors"
	"fmt"
	"hash/fnv"
)

const (
	freeLimit = 950_000 // cents; above it four eyes have to be on record
	postings  = 40      // lines of a statement
	reviewed  = 16      // the last of them, which approvers look at
)

var (
	errAccount = errors.New("account and beneficiary are needed")
	errAmount  = errors.New("cents have to be above 0")

	rails = []struct {
		name         string
		base, perMil int64
	}{{"sepa", 20, 0}, {"instant", 50, 1}, {"swift", 900, 2}, {"card", 30, 12}, {"wallet", 5, 9}}
)

// payout is what a seller asks for.
type payout struct {
	Account     string `json:"account"`
	Beneficiary string `json:"beneficiary"`
	Cents       int64  `json:"cents"`
}

// receipt is what the seller gets.
type receipt struct {
	Reference string `json:"reference"`
	Cents     int64  `json:"cents"`
	Fee       int64  `json:"fee"`
	Approval  string `json:"approval"`
}

type fee struct {
	Rail  string `json:"rail"`
	Cents int64  `json:"cents"`
}

type posting struct {
	Day   int   `json:"day"`
	Cents int64 `json:"cents"`
	Left  int64 `json:"left"`
}

// desk decides on payouts.
type desk struct {
	trail *trail
}

func newDesk(trail *trail) *desk { return &desk{trail: trail} }

func (d *desk) take(wish payout) (*receipt, error) {
	if wish.Account == "" || wish.Beneficiary == "" {
		return nil, errAccount
	}
	if wish.Cents <= 0 {
		return nil, errAmount
	}
	taken := &receipt{
		Reference: fmt.Sprintf("P%016X", digest(wish.Account+"|"+wish.Beneficiary, uint64(wish.Cents))),
		Cents:     wish.Cents,
		Fee:       d.fees(wish.Cents)[0].Cents,
		Approval:  "free",
	}
	if wish.Cents > freeLimit {
		taken.Approval = "four-eyes"
		d.trail.approved(wish, taken, d.history(wish.Account)[postings-reviewed:])
	}
	return taken, nil
}

// fees lists what each rail costs, cheapest first.
func (d *desk) fees(cents int64) []fee {
	all := make([]fee, 0, len(rails))
	for _, rail := range rails {
		one := fee{Rail: rail.name, Cents: rail.base + cents*rail.perMil/1000}
		at := len(all)
		for at > 0 && all[at-1].Cents > one.Cents {
			at--
		}
		all = append(all, fee{})
		copy(all[at+1:], all[at:])
		all[at] = one
	}
	return all
}

// statement lists the last postings of an account.
func (d *desk) statement(account string) map[string]any {
	lines := d.history(account)
	return map[string]any{"account": account, "postings": lines, "closing": lines[len(lines)-1].Left}
}

// history gives the last postings of an account, oldest first.
func (d *desk) history(account string) []posting {
	lines := make([]posting, 0, postings)
	left := int64(digest(account, 0) % 5_000_000)
	for day := range postings {
		cents := int64(digest(account, uint64(day+1))%90_000) - 40_000
		left += cents
		lines = append(lines, posting{Day: day + 1, Cents: cents, Left: left})
	}
	return lines
}

func digest(text string, number uint64) uint64 {
	hash := fnv.New64a()
	_, _ = fmt.Fprintf(hash, "%s#%d", text, number)
	value := hash.Sum64()
	return value ^ value>>29
}

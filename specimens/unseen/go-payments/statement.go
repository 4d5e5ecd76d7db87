package main

import (
	"fmt"
	"hash/fnv"
)

// statement is what happened on an account within a month, as banks send it.
type statement struct {
	Account  string    `json:"account"`
	Month    int       `json:"month"`
	Postings []posting `json:"postings"`
	Cents    int64     `json:"cents"`
}

// statementOf stands for the archive, which computes old statements from the account's history.
func statementOf(account string, month int) statement {
	made := statement{Account: account, Month: month}
	hash := fnv.New64a()
	for day := 1; day <= 28; day++ {
		for number := range 6 {
			// A hash takes whatever is written to it.
			_, _ = fmt.Fprintf(hash, "%s %d %d %d", account, month, day, number)
			cents := int64(hash.Sum64()%2_000_000) - 1_000_000
			made.Cents += cents
			made.Postings = append(made.Postings, posting{
				Account: fmt.Sprintf("%s/%d", account, hash.Sum64()%900+100),
				Memo:    fmt.Sprintf("day %d of month %d, number %d, carried over %d", day, month, number+1, made.Cents),
				Cents:   cents,
			})
		}
	}
	return made
}

package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

const (
	// longest is how many bytes a word may have to be looked for.
	longest = 31
	// tolerated is how many slips a word may be away from what was meant.
	tolerated = 2
	// offered is how many suggestions a reader can choose from.
	offered = 4
	// rare is the rank from which on words are.
	rare = 10_000
)

//go:embed words.txt
var wordList string

// dictionary knows the words, the most frequent one first.
type dictionary struct {
	words []string
	ranks map[string]int
	shape shape
}

// candidate is a word that may have been meant.
type candidate struct {
	rank, distance int
}

func newDictionary(list string) (*dictionary, error) {
	d := &dictionary{words: strings.Fields(list)}
	d.ranks = make(map[string]int, len(d.words))
	for rank, word := range d.words {
		if len(word) > longest {
			return nil, fmt.Errorf("%q is too long", word)
		}
		d.ranks[word] = rank
	}
	d.shape = newShape(d.words)
	return d, nil
}

func (d *dictionary) rank(word string) (int, bool) {
	rank, ok := d.ranks[word]
	return rank, ok
}

func (d *dictionary) ranked(rank int) (string, bool) {
	if rank < 0 || rank >= len(d.words) {
		return "", false
	}
	return d.words[rank], true
}

// suggest returns the words that are likeliest to have been meant: the closest ones, and the frequent ones of these.
func (d *dictionary) suggest(word string) []string {
	meant := []string{}
	if len(word) > longest {
		return meant
	}
	found := d.similar(word)
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.rank, b.rank))
	})
	for _, c := range found[:min(offered, len(found))] {
		meant = append(meant, d.words[c.rank])
	}
	return meant
}

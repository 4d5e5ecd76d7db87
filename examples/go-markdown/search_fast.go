//go:build fast

package main

import (
	"encoding/json"
	"html"
	"slices"
	"strings"
	"sync"
)

// searchAnswer is the body of an answer; its fields are in alphabetical order.
type searchAnswer struct {
	Found   int            `json:"found"`
	Query   string         `json:"query"`
	Results []searchResult `json:"results"`
}

type searchResult struct {
	Document string `json:"document"`
	Score    int    `json:"score"`
	Snippet  string `json:"snippet"`
	Title    string `json:"title"`
}

var hitLists = sync.Pool{New: func() any { return new([]hit) }}

// search returns the best documents for a query as JSON.
func (ix *index) search(query string) ([]byte, error) {
	words := queryWords(query)
	hits := hitLists.Get().(*[]hit)
	defer hitLists.Put(hits)
	*hits = ix.collect((*hits)[:0], words)
	best := selectBest(*hits)

	results := make([]searchResult, len(best))
	for i, h := range best {
		results[i] = searchResult{
			Document: h.document.name,
			Score:    h.score,
			Snippet:  highlight(plain(snippetOf(h.document.text, h.offset)), words),
			Title:    highlight(h.document.title, words),
		}
	}
	buffer := borrow()
	defer buffers.Put(buffer)
	if err := json.NewEncoder(buffer).Encode(searchAnswer{len(*hits), query, results}); err != nil {
		return nil, err
	}
	return slices.Clone(buffer.Bytes()), nil
}

// collect merges the posting lists of the words; they and the hits are ordered by document.
func (ix *index) collect(hits []hit, words []string) []hit {
	for _, word := range words {
		list := ix.postings[word]
		if len(list) == 0 {
			continue
		}
		weight, known, at := ix.weight(list), len(hits), 0
		for _, p := range list {
			for at < known && hits[at].document.number < p.document {
				at++
			}
			if at < known && hits[at].document.number == p.document {
				hits[at].score += score(weight, p.count)
				continue
			}
			doc := ix.documents[p.document]
			hits = append(hits, hit{document: doc, offset: p.offset, score: score(weight, p.count)})
		}
		slices.SortFunc(hits, func(a, b hit) int { return a.document.number - b.document.number })
	}
	return hits
}

// selectBest returns the first maxHits hits in order, without sorting the others.
func selectBest(hits []hit) []hit {
	best := make([]hit, 0, maxHits+1)
	for _, h := range hits {
		if len(best) == maxHits && !better(h, best[maxHits-1]) {
			continue
		}
		at := len(best)
		for at > 0 && better(h, best[at-1]) {
			at--
		}
		best = slices.Insert(best, at, h)
		best = best[:min(len(best), maxHits)]
	}
	return best
}

// queryWords returns the distinct words of a query in lower case.
func queryWords(query string) []string {
	words := make([]string, 0, 4)
	eachWord(lowerASCII(query), func(word string, _ int) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	})
	return words
}

// plain drops the signs of Markdown from a snippet and puts it on one line.
func plain(snippet string) string {
	line := make([]byte, 0, len(snippet))
	spaced := false
	for i := range len(snippet) {
		switch b := snippet[i]; b {
		case '#', '*', '`':
		case ' ', '\t', '\n', '\f', '\r':
			spaced = len(line) > 0
		default:
			if spaced {
				line = append(line, ' ')
				spaced = false
			}
			line = append(line, b)
		}
	}
	return string(line)
}

// highlight escapes a text for HTML and marks the words in it.
func highlight(text string, words []string) string {
	var marked strings.Builder
	marked.Grow(len(text) + 64)
	last := 0
	eachWord(lowerASCII(text), func(word string, offset int) {
		if !slices.Contains(words, word) {
			return
		}
		marked.WriteString(html.EscapeString(text[last:offset]))
		marked.WriteString("<mark>")
		marked.WriteString(text[offset : offset+len(word)])
		marked.WriteString("</mark>")
		last = offset + len(word)
	})
	marked.WriteString(html.EscapeString(text[last:]))
	return marked.String()
}

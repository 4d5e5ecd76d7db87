//go:build !fast

package main

import (
	"encoding/json"
	"html"
	"regexp"
	"sort"
	"strings"
)

// search returns the best documents for a query as JSON.
//
// Inefficient on purpose: maps keyed by name, a full sort, an untyped answer.
func (ix *index) search(query string) ([]byte, error) {
	words := queryWords(query)
	found := map[string]hit{}
	for _, word := range words {
		list := ix.postings[word]
		for _, p := range list {
			doc := ix.documents[p.document]
			h, seen := found[doc.name]
			if !seen {
				h = hit{document: doc, offset: p.offset}
			}
			h.score += score(ix.weight(list), p.count)
			found[doc.name] = h
		}
	}
	hits := []hit{}
	for _, h := range found {
		hits = append(hits, h)
	}
	sort.Slice(hits, func(i, j int) bool { return better(hits[i], hits[j]) })

	results := []any{}
	for _, h := range hits[:min(maxHits, len(hits))] {
		results = append(results, map[string]any{
			"document": h.document.name,
			"score":    h.score,
			"snippet":  highlight(plain(snippetOf(h.document.text, h.offset)), words),
			"title":    highlight(h.document.title, words),
		})
	}
	body, err := json.Marshal(map[string]any{"found": len(hits), "query": query, "results": results})
	if err != nil {
		return nil, err
	}
	return append(body, '\n'), nil
}

// queryWords returns the distinct words of a query in lower case.
func queryWords(query string) []string {
	words := []string{}
	seen := map[string]bool{}
	for _, word := range regexp.MustCompile(`[^a-z0-9_]+`).Split(lowerASCII(query), -1) {
		if word != "" && !seen[word] {
			seen[word] = true
			words = append(words, word)
		}
	}
	return words
}

// plain drops the signs of Markdown from a snippet and puts it on one line.
//
// Inefficient on purpose: compiles its expressions for every snippet.
func plain(snippet string) string {
	snippet = regexp.MustCompile("[#*`]+").ReplaceAllString(snippet, "")
	return strings.Trim(regexp.MustCompile(`\s+`).ReplaceAllString(snippet, " "), " ")
}

// highlight escapes a text for HTML and marks the words in it.
//
// Inefficient on purpose: compiles its expression for every text, and copies the answer for every match.
func highlight(text string, words []string) string {
	if len(words) == 0 {
		return html.EscapeString(text)
	}
	pattern := regexp.MustCompile(`\b(?:` + strings.Join(words, "|") + `)\b`)
	marked, last := "", 0
	for _, at := range pattern.FindAllStringIndex(lowerASCII(text), -1) {
		marked += html.EscapeString(text[last:at[0]]) + "<mark>" + html.EscapeString(text[at[0]:at[1]]) + "</mark>"
		last = at[1]
	}
	return marked + html.EscapeString(text[last:])
}

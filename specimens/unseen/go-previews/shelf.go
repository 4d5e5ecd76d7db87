package main

import (
	"fmt"
	"strconv"
)

// shelf has the pages of published documents, set once.
type shelf struct {
	pages map[string][]string
}

func newShelf(documents, pages int) *shelf {
	s := &shelf{pages: make(map[string][]string, documents)}
	for n := range documents {
		document := "d" + strconv.Itoa(n+1)
		for page := range pages {
			s.pages[document] = append(s.pages[document], typeset(document, page))
		}
	}
	return s
}

func (s *shelf) page(document string, page int) (string, bool) {
	all := s.pages[document]
	if page < 0 || page >= len(all) {
		return "", false
	}
	return all[page], true
}

func headings(document string) []string {
	all := make([]string, 0, pages)
	for page := range pages {
		all = append(all, fmt.Sprintf("%d %s of %s", page+1, words[(page*5+len(document))%len(words)], document))
	}
	return all
}

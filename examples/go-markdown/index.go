package main

import "math"

// posting says how a word occurs in one document.
type posting struct {
	document int // index into library.documents
	count    int // occurrences
	offset   int // byte offset of the first one
}

// index finds documents by word.
type index struct {
	documents []*document
	postings  map[string][]posting // by document, ascending
}

// hit is a document that holds at least one word of a query.
type hit struct {
	document *document
	score    int
	offset   int // where its snippet is taken from
}

func buildIndex(documents []*document) *index {
	built := &index{documents: documents, postings: make(map[string][]posting)}
	for number, doc := range documents {
		eachWord(lowerASCII(doc.text), func(word string, offset int) {
			list := built.postings[word]
			if last := len(list) - 1; last >= 0 && list[last].document == number {
				list[last].count++
				return
			}
			built.postings[word] = append(list, posting{document: number, count: 1, offset: offset})
		})
	}
	return built
}

// weight is the inverse document frequency in thousandths: rare words weigh more.
func (ix *index) weight(list []posting) int {
	return int(1000 * math.Log(1+float64(len(ix.documents))/float64(len(list))))
}

// score adds less for each further occurrence of a word, as BM25 does. Integers make ranks exact.
func score(weight, count int) int {
	return weight * count * 22 / (count*10 + 12)
}

// better orders hits: higher score first, then by name.
func better(a, b hit) bool {
	if a.score != b.score {
		return a.score > b.score
	}
	return a.document.name < b.document.name
}

const snippetBytes = 160

// snippetOf cuts about snippetBytes out of a text around an offset, at spaces.
func snippetOf(text string, offset int) string {
	from := max(offset-snippetBytes/2, 0)
	for from > 0 && from < offset && text[from-1] > ' ' {
		from++
	}
	to := min(offset+snippetBytes/2, len(text))
	for to < len(text) && text[to] > ' ' {
		to++
	}
	return text[from:to]
}

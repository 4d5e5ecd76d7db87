package main

import (
	"hash/fnv"
	"strings"
)

const (
	width      = 72
	linesAPage = 40
)

var words = strings.Fields(`agreement annex article board buyer capital clause closing company conditions consent
	contract costs court damages date default delivery duty effect event force goods interest law lease liability
	licence loss notice party payment period price property purchaser rights schedule seller share tax tenant term
	the of and to in for by with under on any such`)

// typeset breaks the words of a page into lines of equal width.
func typeset(document string, page int) string {
	state := seed(document, page)
	var out, line strings.Builder
	for lines := 0; lines < linesAPage; {
		state = state*6364136223846793005 + 1442695040888963407
		word := words[state>>33%uint64(len(words))]
		if line.Len()+1+len(word) > width {
			out.WriteString(line.String())
			out.WriteString(strings.Repeat(" ", width-line.Len()))
			out.WriteByte('\n')
			line.Reset()
			lines++
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(word)
	}
	return out.String()
}

func seed(document string, page int) uint64 {
	hash := fnv.New64a()
	// A hash takes whatever is written to it.
	_, _ = hash.Write([]byte{byte(page)})
	_, _ = hash.Write([]byte(document))
	return hash.Sum64()
}

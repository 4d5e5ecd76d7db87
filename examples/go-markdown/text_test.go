package main

import (
	"bytes"
	"html"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Pieces that texts are drawn from: words, what stands between them, and what trips hand-written scanners.
var pieces = []string{
	"lock", "Lock", "LOCKS", "map", "a", "go1", "snake_case", "_", "-", " ", " ", "\n", "\t", "\v", "\r\n",
	"#", "##", "*", "`", "&", "<", "\"", "é", "ſ", "K", "\u00a0", "𝛼", ".", "\xff",
}

func drawText(source *rand.Rand) string {
	var text strings.Builder
	for range source.IntN(30) {
		text.WriteString(pieces[source.IntN(len(pieces))])
	}
	return text.String()
}

func TestHighlightIsAWholeWordMatch(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 1))
	words := []string{"lock", "a", "snake_case"}
	pattern := regexp.MustCompile(`\b(?:` + strings.Join(words, "|") + `)\b`)
	for range 5_000 {
		text := drawText(source)
		expected, last := "", 0
		for _, at := range pattern.FindAllStringIndex(lowerASCII(text), -1) {
			expected += html.EscapeString(text[last:at[0]]) + "<mark>" + text[at[0]:at[1]] + "</mark>"
			last = at[1]
		}
		expected += html.EscapeString(text[last:])
		if found := highlight(text, words); found != expected {
			t.Fatalf("%q\nfound    %q\nexpected %q", text, found, expected)
		}
	}
}

func TestHighlightWithoutWords(t *testing.T) {
	if found := highlight("a < b", nil); found != "a &lt; b" {
		t.Errorf("found %q", found)
	}
}

func TestPlainDropsMarksAndJoinsLines(t *testing.T) {
	source := rand.New(rand.NewPCG(2, 2))
	marks, spaces := regexp.MustCompile("[#*`]+"), regexp.MustCompile(`\s+`)
	for range 5_000 {
		text := drawText(source)
		expected := strings.Trim(spaces.ReplaceAllString(marks.ReplaceAllString(text, ""), " "), " ")
		if found := plain(text); found != expected {
			t.Fatalf("%q\nfound    %q\nexpected %q", text, found, expected)
		}
	}
}

func TestQueryWords(t *testing.T) {
	for query, expected := range map[string][]string{
		"Lock lock  MAP":  {"lock", "map"},
		"snake_case, go1": {"snake_case", "go1"},
		"é+":              {},
	} {
		if found := queryWords(query); !slices.Equal(found, expected) {
			t.Errorf("%q: found %q, expected %q", query, found, expected)
		}
	}
}

func TestRewriteLinks(t *testing.T) {
	const template = `<html lang="en">
<head><meta charset="utf-8"><title>links</title></head>`
	for target, expected := range map[string]string{
		"net-http.md":            `href="/render?doc=net-http"`,
		"net-http.md#Client.Get": `href="/render?doc=net-http#Client.Get"`,
		"go_1.md#":               `href="/render?doc=go_1#"`,
		"Upper.md":               `href="Upper.md"`,
		"a/b.md":                 `href="a/b.md"`,
		"a.md?x=1":               `href="a.md?x=1"`,
		"#here":                  `href="#here"`,
		".md":                    `href=".md"`,
		"http://x":               `href="http://x" rel="noopener nofollow"`,
		"https://x/a.md":         `href="https://x/a.md" rel="noopener nofollow"`,
		"https://":               `href="https://"`,
		"mailto:a@b.c":           `href="mailto:a@b.c"`,
	} {
		page, err := renderPage("links", "[x]("+target+")")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(page, []byte("<a "+expected+">x</a>")) || !bytes.Contains(page, []byte(template)) {
			t.Errorf("%s: expected %s in\n%s", target, expected, page)
		}
	}
}

func TestSnippetsKeepRunesWhole(t *testing.T) {
	text := strings.Repeat("é", 300)
	for offset := 0; offset < len(text); offset += 2 {
		if snippet := snippetOf(text, offset); strings.ContainsRune(snippet, '\uFFFD') {
			t.Fatalf("offset %d: %q", offset, snippet)
		}
	}
}

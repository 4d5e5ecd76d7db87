//go:build fast

package main

import (
	"bytes"
	"html"
	"slices"
	"strings"
	"sync"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

// engine is built once; it is safe for concurrent use.
var engine = goldmark.New(
	goldmark.WithExtensions(extension.Table, extension.Strikethrough),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// borrow returns an empty buffer; give it back with buffers.Put.
func borrow() *bytes.Buffer {
	buffer := buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	return buffer
}

// renderPage turns Markdown into an HTML page.
func renderPage(title, text string) ([]byte, error) {
	content, page := borrow(), borrow()
	defer buffers.Put(content)
	defer buffers.Put(page)
	if err := engine.Convert([]byte(text), content); err != nil {
		return nil, err
	}
	page.WriteString("<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>")
	page.WriteString(html.EscapeString(title))
	page.WriteString("</title></head>\n<body>\n")
	rewriteLinks(page, content.Bytes())
	page.WriteString("</body>\n</html>\n")
	return slices.Clone(page.Bytes()), nil
}

var href = []byte(`href="`)

// rewriteLinks points links between documents at this service and marks those that leave it.
func rewriteLinks(page *bytes.Buffer, content []byte) {
	for {
		before, rest, found := bytes.Cut(content, href)
		page.Write(before)
		if !found {
			return
		}
		page.Write(href)
		content = rest
		target, after, closed := bytes.Cut(rest, []byte(`"`))
		if closed && writeTarget(page, string(target)) {
			content = after
		}
	}
}

// writeTarget writes a rewritten link target and its closing quote, or nothing if it stays as it is.
func writeTarget(page *bytes.Buffer, target string) bool {
	if isExternal(target) {
		page.WriteString(target)
		page.WriteString(`" rel="noopener nofollow"`)
		return true
	}
	path, fragment := target, ""
	if i := strings.IndexByte(target, '#'); i >= 0 {
		path, fragment = target[:i], target[i:]
	}
	name, isDocument := strings.CutSuffix(path, ".md")
	if !isDocument || !isName(name) {
		return false
	}
	page.WriteString("/render?doc=")
	page.WriteString(name)
	page.WriteString(fragment)
	page.WriteByte('"')
	return true
}

func isExternal(target string) bool {
	for _, scheme := range []string{"http://", "https://"} {
		if len(target) > len(scheme) && strings.HasPrefix(target, scheme) {
			return true
		}
	}
	return false
}

func isName(name string) bool {
	for i := range len(name) {
		if name[i] != '-' && !isWordByte(name[i]) {
			return false
		}
	}
	return name != ""
}

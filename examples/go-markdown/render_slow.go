//go:build !fast

package main

import (
	"bytes"
	"fmt"
	"html"
	"regexp"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

// renderPage turns Markdown into an HTML page.
//
// Inefficient on purpose: the Markdown engine and the expressions are built for each page.
func renderPage(title, text string) ([]byte, error) {
	engine := goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	)
	var content bytes.Buffer
	if err := engine.Convert([]byte(text), &content); err != nil {
		return nil, err
	}
	page := fmt.Sprintf("<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>%s</title></head>\n",
		html.EscapeString(title))
	page += fmt.Sprintf("<body>\n%s</body>\n</html>\n", rewriteLinks(content.String()))
	return []byte(page), nil
}

// rewriteLinks points links between documents at this service and marks those that leave it.
func rewriteLinks(content string) string {
	internal := regexp.MustCompile(`href="([a-z0-9_-]+)\.md(#[^"]*)?"`)
	external := regexp.MustCompile(`href="(https?://[^"]+)"`)
	content = internal.ReplaceAllString(content, `href="/render?doc=$1$2"`)
	return external.ReplaceAllString(content, `href="$1" rel="noopener nofollow"`)
}

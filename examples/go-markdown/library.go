package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// document is one Markdown file.
type document struct {
	number int    // index into library.documents
	name   string // file name without .md
	title  string // first heading
	text   string
}

// library holds all documents, in order of their files, and the index over them.
type library struct {
	documents []*document
	byName    map[string]*document
	index     *index
}

// loadLibrary reads every *.md file of the folder.
func loadLibrary(folder string) (*library, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.md")) // sorted
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no *.md files in %q", folder)
	}
	loaded := &library{byName: make(map[string]*document, len(paths))}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		loaded.add(strings.TrimSuffix(filepath.Base(path), ".md"), string(text))
	}
	loaded.index = buildIndex(loaded.documents)
	return loaded, nil
}

func (l *library) add(name, text string) {
	added := &document{number: len(l.documents), name: name, title: titleOf(text, name), text: text}
	l.documents = append(l.documents, added)
	l.byName[name] = added
}

// titleOf returns the first heading of a Markdown text, or the fallback if it has none.
func titleOf(text, fallback string) string {
	for line := range strings.Lines(text) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			return strings.TrimSpace(heading)
		}
	}
	return fallback
}

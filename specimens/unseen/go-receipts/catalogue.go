package main

import (
	_ "embed"
	"fmt"
	"html/template"
)

//go:embed themes/standard.html
var standardTheme string

var helpers = template.FuncMap{
	"money": func(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) },
	"plus":  func(a, b int) int { return a + b },
}

// catalogue knows how the receipts of each merchant look.
type catalogue struct {
	standard *template.Template
	own      map[string]*template.Template // by merchant, where they are kept
}

func newCatalogue(all *merchants) (*catalogue, error) {
	standard, err := parse("standard", standardTheme)
	if err != nil {
		return nil, err
	}
	looks := &catalogue{standard: standard, own: make(map[string]*template.Template)}
	return looks, looks.prepare(all)
}

// of is the look of a merchant's receipts: the standard one, unless there is a theme.
func (l *catalogue) of(owner *merchant) (*template.Template, error) {
	if owner.theme == "" {
		return l.standard, nil
	}
	return l.themed(owner)
}

func parse(name, text string) (*template.Template, error) {
	return template.New(name).Funcs(helpers).Parse(text)
}

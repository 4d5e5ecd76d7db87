//go:build !healthy

package main

import "html/template"

// prepare finds wrong themes before the first customer does.
func (l *catalogue) prepare(all *merchants) error {
	for _, owner := range all.themed() {
		if _, err := parse(owner.ID, owner.theme); err != nil {
			return err
		}
	}
	return nil
}

func (l *catalogue) themed(owner *merchant) (*template.Template, error) {
	return parse(owner.ID, owner.theme)
}

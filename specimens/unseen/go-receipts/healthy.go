//go:build healthy

package main

import (
	"fmt"
	"html/template"
	"io"
)

// prepare finds wrong themes before the first customer does, and keeps the right ones.
func (l *catalogue) prepare(all *merchants) error {
	for _, owner := range all.themed() {
		look, err := parse(owner.ID, owner.theme)
		if err != nil {
			return err
		}
		// The first execution escapes the whole theme. That is work for start-up, not for a customer.
		sample := map[string]any{"Merchant": owner, "Order": newOrder(owner, 1)}
		if err := look.Execute(io.Discard, sample); err != nil {
			return err
		}
		l.own[owner.ID] = look
	}
	return nil
}

func (l *catalogue) themed(owner *merchant) (*template.Template, error) {
	look, ok := l.own[owner.ID]
	if !ok {
		return nil, fmt.Errorf("no theme of %s", owner.ID)
	}
	return look, nil
}

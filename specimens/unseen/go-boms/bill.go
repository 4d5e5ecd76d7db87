package main

import (
	"fmt"
	"strconv"
	"strings"
)

// line is one part of a bill of materials, as it goes into its parent.
type line struct {
	part, parent string
	quantity     int
	cents        int64
}

// parse reads `part:parent:quantity:cents` with semicolons between; a bill's product has no parent.
func parse(text string) ([]line, error) {
	lines := make([]line, 0, strings.Count(text, ";")+1)
	for entry := range strings.SplitSeq(strings.TrimSpace(text), ";") {
		part, rest, _ := strings.Cut(entry, ":")
		parent, rest, _ := strings.Cut(rest, ":")
		quantity, cents, ok := strings.Cut(rest, ":")
		if !ok {
			return nil, fmt.Errorf("line %d has too few fields", len(lines)+1)
		}
		count, err := strconv.Atoi(quantity)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
		}
		amount, err := strconv.ParseInt(cents, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
		}
		lines = append(lines, line{part: part, parent: parent, quantity: count, cents: amount})
	}
	return lines, nil
}

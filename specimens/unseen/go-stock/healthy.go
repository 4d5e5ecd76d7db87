//go:build healthy

package main

import (
	"cmp"
	"slices"
)

// valuation tells what lies in a warehouse, by category.
func (w *warehouse) valuation() []value {
	values := make([]value, 0, len(categories))
	for _, item := range w.items {
		at, ok := slices.BinarySearchFunc(values, item.category, func(v value, name string) int {
			return cmp.Compare(v.Category, name)
		})
		if !ok {
			values = slices.Insert(values, at, value{Category: item.category})
		}
		pieces := item.pieces()
		values[at].Items++
		values[at].Pieces += pieces
		values[at].Cents += pieces * item.cents
	}
	return values
}

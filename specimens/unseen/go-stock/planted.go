//go:build !healthy

package main

import (
	"maps"
	"slices"
)

// documents makes documents of many things at once.
func documents[T documented](of []T) []document {
	made := make([]document, 0, len(of))
	for _, one := range of {
		made = append(made, one.document())
	}
	return made
}

// groupBy sorts documents by one of their fields.
func groupBy(all []document, field string) map[string][]document {
	groups := make(map[string][]document)
	for _, one := range all {
		name, _ := one[field].(string)
		groups[name] = append(groups[name], one)
	}
	return groups
}

// number returns a field of a document that is a number.
func (d document) number(field string) int {
	number, _ := d[field].(int)
	return number
}

// valuation tells what lies in a warehouse, by category.
func (w *warehouse) valuation() []value {
	groups := groupBy(documents(w.items), "category")
	values := make([]value, 0, len(groups))
	for _, category := range slices.Sorted(maps.Keys(groups)) {
		sum := value{Category: category, Items: len(groups[category])}
		for _, item := range groups[category] {
			sum.Pieces += item.number("pieces")
			sum.Cents += item.number("pieces") * item.number("cents")
		}
		values = append(values, sum)
	}
	return values
}

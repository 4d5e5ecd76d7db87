package main

import (
	"errors"
	"fmt"
)

// maxDepth ends the search in bills whose parts contain themselves.
const maxDepth = 200

var errProducts = errors.New("a bill has exactly one product")

// quote is what a product costs, and what makes it dear.
type quote struct {
	Product string `json:"product"`
	Cents   int64  `json:"cents"`
	Levels  int    `json:"levels"`
	Dearest string `json:"dearest"`
	OfThat  int64  `json:"of_that"`
}

// price adds up the product of a bill.
func price(lines []line) (quote, error) {
	all := arrange(lines)
	products := all.componentsOf("")
	if len(products) != 1 {
		return quote{}, errProducts
	}
	product := products[0]
	result := quote{Product: product.part}
	cents, err := rollUp(all, product, 1, &result)
	if err != nil {
		return quote{}, err
	}
	result.Cents = cents
	return result, nil
}

// rollUp returns the cost of a part with all that goes into it, and notes the dearest part below the product.
func rollUp(all assembly, part line, depth int, result *quote) (int64, error) {
	if depth > maxDepth {
		return 0, fmt.Errorf("%s contains itself", part.part)
	}
	result.Levels = max(result.Levels, depth)
	cents := part.cents
	for _, component := range all.componentsOf(part.part) {
		each, err := rollUp(all, component, depth+1, result)
		if err != nil {
			return 0, err
		}
		cents += int64(component.quantity) * each
		if each > result.OfThat {
			result.Dearest, result.OfThat = component.part, each
		}
	}
	return cents, nil
}

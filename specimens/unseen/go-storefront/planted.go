//go:build !healthy

package main

import (
	"context"
	"fmt"
)

// reload replaces a shelf with what the merchandising system has for it.
func (c *catalogue) reload(ctx context.Context, id int) error {
	c.mu.Lock()
	defer c.mu.Unlock()

	products, err := c.source.products(ctx, id)
	if err != nil {
		return fmt.Errorf("shelf %d: %w", id, err)
	}
	c.shelves[id] = arrange(id, products)
	return nil
}

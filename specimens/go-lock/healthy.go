//go:build healthy

package main

//go:noinline
func (c *catalogue) refresh() {
	prices := load()
	c.lock.Lock()
	c.prices = prices
	c.lock.Unlock()
}

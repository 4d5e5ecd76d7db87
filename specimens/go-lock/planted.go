//go:build !healthy

package main

//go:noinline
func (c *catalogue) refresh() {
	c.lock.Lock()
	c.prices = load()
	c.lock.Unlock()
}

//go:build !fast

package main

import "sync"

const cachedPages = 32

// pageCache keeps the pages asked for last.
//
// Inefficient on purpose: one lock for all pages, held while a page is rendered.
type pageCache struct {
	mu    sync.Mutex
	pages map[string][]byte
	order []string // least recently used first
}

func newPageCache() *pageCache {
	return &pageCache{pages: make(map[string][]byte)}
}

// page returns a document as HTML.
func (c *pageCache) page(doc *document) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if html, found := c.pages[doc.name]; found {
		c.touch(doc.name)
		return html, nil
	}
	html, err := renderPage(doc.title, doc.text)
	if err != nil {
		return nil, err
	}
	if len(c.order) >= cachedPages {
		delete(c.pages, c.order[0])
		c.order = c.order[1:]
	}
	c.pages[doc.name] = html
	c.order = append(c.order, doc.name)
	return html, nil
}

// touch moves a name to the end of the order.
func (c *pageCache) touch(name string) {
	order := []string{}
	for _, other := range c.order {
		if other != name {
			order = append(order, other)
		}
	}
	c.order = append(order, name)
}

//go:build fast

package main

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

const (
	cachedPages = 32
	shardCount  = 4
)

// pageCache keeps the pages asked for last. Readers share a shard; no lock is held while rendering.
type pageCache struct {
	seed   maphash.Seed
	clock  atomic.Int64
	shards [shardCount]pageShard
}

type pageShard struct {
	mu    sync.RWMutex
	pages map[string]*cachedPage
}

type cachedPage struct {
	html []byte
	used atomic.Int64 // clock of the last request
}

func newPageCache() *pageCache {
	cache := &pageCache{seed: maphash.MakeSeed()}
	for i := range cache.shards {
		cache.shards[i].pages = make(map[string]*cachedPage)
	}
	return cache
}

// page returns a document as HTML. Two requests for a page not yet cached may both render it.
func (c *pageCache) page(doc *document) ([]byte, error) {
	now := c.clock.Add(1)
	shard := &c.shards[maphash.String(c.seed, doc.name)%shardCount]
	shard.mu.RLock()
	cached, found := shard.pages[doc.name]
	shard.mu.RUnlock()
	if found {
		cached.used.Store(now)
		return cached.html, nil
	}
	html, err := renderPage(doc.title, doc.text)
	if err != nil {
		return nil, err
	}
	shard.store(doc.name, html, now)
	return html, nil
}

func (s *pageShard) store(name string, html []byte, now int64) {
	added := &cachedPage{html: html}
	added.used.Store(now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pages) >= cachedPages/shardCount {
		delete(s.pages, s.oldest())
	}
	s.pages[name] = added
}

func (s *pageShard) oldest() string {
	name, used := "", int64(0)
	for candidate, cached := range s.pages {
		if at := cached.used.Load(); name == "" || at < used {
			name, used = candidate, at
		}
	}
	return name
}

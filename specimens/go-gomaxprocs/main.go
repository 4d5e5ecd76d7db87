// Command go-gomaxprocs answers from an index of many small objects, which the collector marks about twice a second.
//
// Planted: not in the code. The planted variant of tailtune.toml sets GOMAXPROCS=8 for one CPU. The collector takes a
// quarter of the processors, and those without other work besides; so up to eight threads share the CPU while it marks,
// and one that has a request waits for its turn. The healthy twin has as many processors as CPUs, and collects as often.
package main

import (
	"net/http"

	"example.com/specimens/internal/serve"
)

const (
	nodes   = 500_000
	steps   = 50
	scratch = 200 << 10
)

type node struct {
	next  *node
	value uint64
	_     [4]uint64 // what else an entry has
}

func main() {
	index := build()
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		serve.Number(w, answer(index, serve.Key(r)))
	})
}

// build makes chains through all nodes in an order that looks random.
func build() []*node {
	all := make([]*node, nodes)
	for i := range all {
		all[i] = &node{value: serve.Mix(uint64(i))}
	}
	for _, one := range all {
		one.next = all[one.value%nodes]
	}
	return all
}

// answer follows a chain, and needs some memory for it that is soon forgotten.
//
//go:noinline
func answer(index []*node, key uint64) uint64 {
	seen := make([]uint64, 0, scratch/8)
	for at := index[key%nodes]; len(seen) < steps; at = at.next {
		seen = append(seen, at.value)
	}
	return serve.Mix(seen[steps-1] ^ key)
}

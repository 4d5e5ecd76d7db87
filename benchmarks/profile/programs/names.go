// Busy in small functions that the compiler inlines: methods, closures, generic functions, iterators, the library.
package main

import (
	"encoding/json"
	"os"
	"sort"
	"strings"
)

type point struct{ X, Y int }

func (p point) norm() int { return abs(p.X) + abs(p.Y) }

func abs(value int) int {
	if value < 0 {
		return -value
	}
	return value
}

type number interface{ ~int | ~uint32 }

func fold[T number](values []T, step func(sum, value T) T) T {
	var sum T
	for _, value := range values {
		sum = step(sum, value)
	}
	return sum
}

func mix(value uint32) uint32 { return (value ^ value>>13) * 0x9E3779B1 }

func twice(value uint32) uint32 { return mix(mix(value)) }

func odd(values []int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for _, value := range values {
			if value&1 == 1 && !yield(value) {
				return
			}
		}
	}
}

//go:noinline
func numbers(values []uint32) uint32 {
	return fold(values, func(sum, value uint32) uint32 { return twice(sum) + value })
}

//go:noinline
func points(values []point) (sum int) {
	for _, value := range values {
		sum += value.norm()
	}
	return sum
}

//go:noinline
func iterated(values []int) (sum int) {
	for value := range odd(values) {
		sum += abs(value)
	}
	return sum
}

//go:noinline
func library(words []string) int {
	sorted := append([]string(nil), words...)
	sort.Slice(sorted, func(a, b int) bool { return sorted[a] < sorted[b] })
	text, err := json.Marshal(map[string]any{"words": sorted, "first": point{1, -2}})
	if err != nil {
		os.Exit(1)
	}
	return strings.Count(string(text), ",")
}

func main() {
	words := strings.Fields("the quick brown fox jumps over the lazy dog and runs on and on until it is night")
	values, others, pairs := make([]uint32, 4096), make([]int, 4096), make([]point, 4096)
	for i := range values {
		values[i], others[i], pairs[i] = uint32(i), i*7-999, point{i, -i}
	}
	for sum := 1; ; {
		sum += int(numbers(values)) + points(pairs) + iterated(others)
		for range 20 {
			sum += library(words)
		}
		if sum == 0 {
			os.Exit(1)
		}
	}
}

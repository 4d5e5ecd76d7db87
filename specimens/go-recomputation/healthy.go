//go:build healthy

package main

import "regexp"

var compiled = regexp.MustCompile(pattern)

//go:noinline
func validator() *regexp.Regexp {
	return compiled
}

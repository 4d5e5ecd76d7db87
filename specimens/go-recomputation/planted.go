//go:build !healthy

package main

import "regexp"

//go:noinline
func validator() *regexp.Regexp {
	return regexp.MustCompile(pattern)
}

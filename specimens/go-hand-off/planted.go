//go:build !healthy

package main

const workers = 1

//go:build !healthy

package main

const keepConnections = false

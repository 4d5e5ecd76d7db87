//go:build healthy

package main

const keepConnections = true

//go:build healthy

package main

import "io"

// release gives back what an answer of the gateway holds.
func release(body io.ReadCloser) {
	// The transport keeps a connection only if the body was read to its end.
	_, _ = io.Copy(io.Discard, io.LimitReader(body, maxAnswer))
	_ = body.Close()
}

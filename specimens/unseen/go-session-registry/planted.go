//go:build !healthy

package main

// relay brings the pending entries to the standby.
func (r *registry) relay() {
	r.standby.send(r.pending)
	r.pending = r.pending[:0]
}

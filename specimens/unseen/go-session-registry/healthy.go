//go:build healthy

package main

// relay brings the pending entries to the standby.
func (r *registry) relay() {
	r.outgoing <- r.pending
	// The batch belongs to forward now, so the next one starts in memory of its own.
	r.pending = make([]entry, 0, batch)
}

//go:build healthy

package main

import "slices"

// mirror brings the standby up to date.
func (s *Store) mirror(to *link) error {
	for batch := range slices.Chunk(s.copies(s.takeChanged()), batchSize) {
		if err := to.send(batch); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) copies(ids []string) []Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	copied := make([]Session, 0, len(ids))
	for _, id := range ids {
		copied = append(copied, *s.byID[id])
	}
	return copied
}

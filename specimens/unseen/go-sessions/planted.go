//go:build !healthy

package main

// mirror brings the standby up to date.
func (s *Store) mirror(to *link) error {
	ids := s.takeChanged()
	s.mu.RLock()
	defer s.mu.RUnlock()
	batch := make([]Session, 0, batchSize)
	for n, id := range ids {
		batch = append(batch, *s.byID[id])
		if len(batch) == batchSize || n == len(ids)-1 {
			if err := to.send(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

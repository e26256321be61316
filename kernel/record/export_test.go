package record

// Forget drops the records kept in memory, so that the next reads go to the tables.
func (s *Store) Forget() {
	s.recent.mu.Lock()
	defer s.recent.mu.Unlock()
	s.recent.new, s.recent.old = nil, nil
}

package server

// Patterns gives the patterns of every route.
func (s *Server) Patterns() []string { return s.routed }

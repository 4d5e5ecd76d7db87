package main

import (
	"fmt"
	"sync"
)

// Session is one signed-in device of one user.
type Session struct {
	ID     string
	User   string
	Device string
	Scopes []string
	Seen   int64
}

// Store has all sessions in memory.
type Store struct {
	mu     sync.RWMutex
	byID   map[string]*Session
	byUser map[string][]*Session

	// Apart from mu, so that marking a session does not depend on who reads.
	changedMu sync.Mutex
	changed   map[string]struct{}
}

// NewStore makes a store with that many sessions, those of a fresh start from the user database.
func NewStore(count int) *Store {
	devices := []string{"phone", "tablet", "laptop", "kiosk", "watch"}
	scopes := [][]string{{"read"}, {"read", "write"}, {"read", "write", "share"}, {"read", "admin"}}
	store := &Store{
		byID:    make(map[string]*Session, count),
		byUser:  make(map[string][]*Session, count/4),
		changed: make(map[string]struct{}),
	}
	for n := range count {
		session := &Session{
			ID:     fmt.Sprintf("s%d", n+1),
			User:   fmt.Sprintf("u%d", n/4+1),
			Device: devices[n%len(devices)],
			Scopes: scopes[n*7%len(scopes)],
		}
		store.byID[session.ID] = session
		store.byUser[session.User] = append(store.byUser[session.User], session)
	}
	return store
}

// Get returns the session with this id.
func (s *Store) Get(id string) (Session, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	session, ok := s.byID[id]
	if !ok {
		return Session{}, false
	}
	return *session, true
}

// OfUser returns all sessions of a user.
func (s *Store) OfUser(user string) []Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := make([]Session, 0, len(s.byUser[user]))
	for _, session := range s.byUser[user] {
		found = append(found, *session)
	}
	return found
}

// Touch notes when a session was last seen.
func (s *Store) Touch(id string, at int64) bool {
	s.mu.Lock()
	session, ok := s.byID[id]
	if ok && at > session.Seen {
		session.Seen = at
	}
	s.mu.Unlock()
	if ok {
		s.changedMu.Lock()
		s.changed[id] = struct{}{}
		s.changedMu.Unlock()
	}
	return ok
}

// takeChanged returns the ids of what changed since it was last called.
func (s *Store) takeChanged() []string {
	s.changedMu.Lock()
	defer s.changedMu.Unlock()
	ids := make([]string, 0, len(s.changed))
	for id := range s.changed {
		ids = append(ids, id)
	}
	clear(s.changed)
	return ids
}

package main

import (
	"errors"
	"slices"
)

// lifetime is how many seconds a session lasts after it was seen.
const lifetime = 3600

var errUnknown = errors.New("no such session")

// service holds the rules of sessions; where they are kept is the store's affair.
type service struct {
	store *Store
}

func (s *service) session(id string) (Session, error) {
	session, ok := s.store.Get(id)
	if !ok {
		return Session{}, errUnknown
	}
	return session, nil
}

func (s *service) prolong(id string, at int64) (int64, error) {
	if !s.store.Touch(id, at) {
		return 0, errUnknown
	}
	return at + lifetime, nil
}

func (s *service) sessionsOf(user string) []Session {
	return s.store.OfUser(user)
}

// Allows tells whether the session may do what the scope names.
func (s Session) Allows(scope string) bool {
	return slices.Contains(s.Scopes, scope)
}

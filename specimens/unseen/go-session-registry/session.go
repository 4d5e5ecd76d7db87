package main

import (
	"hash/fnv"
	"strconv"
	"strings"
)

var (
	roles   = []string{"guest", "buyer", "seller", "support", "auditor", "admin"}
	actions = []string{"read", "list", "create", "update", "archive", "refund", "export", "grant"}
)

// session is what is known of one signed-in user; the part that callers see never changes.
type session struct {
	id      string
	user    uint64
	role    string
	tenant  string
	touched uint64 // how often; for eviction only, never shown
	page    int
}

func newSession(number int) session {
	id := "s" + strconv.Itoa(number)
	seed := digest(id)
	return session{
		id:     id,
		user:   1000 + seed%900000,
		role:   roles[(seed>>8)%uint64(len(roles))],
		tenant: "tenant-" + strconv.FormatUint((seed>>16)%64, 10),
	}
}

func (s session) view() map[string]any {
	return map[string]any{"id": s.id, "user": s.user, "role": s.role, "tenant": s.tenant}
}

// keepSeconds is how long the client may cache the page before it has to touch the session again.
func (s session) keepSeconds(page int) uint64 { return 30 + (s.user+uint64(page))%270 }

// evaluate lists the actions that the role's rules allow on a resource and all that contains it.
func evaluate(s session, resource string) []string {
	allowed := []string{}
	for _, action := range actions {
		granted := true
		for scope := resource; scope != ""; {
			if digest(s.tenant+"|"+s.role+"|"+action+"|"+scope)%5 == 0 {
				granted = false
				break
			}
			cut := strings.LastIndexByte(scope, '/')
			if cut < 0 {
				break
			}
			scope = scope[:cut]
		}
		if granted {
			allowed = append(allowed, action)
		}
	}
	return allowed
}

func digest(text string) uint64 {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(text))
	value := hash.Sum64()
	return value ^ value>>29
}

// Command sessions keeps the sessions of signed-in users and mirrors those that changed to a standby.
//
// Planted: Store.mirror holds the read side of the store's sync.RWMutex while it waits for the standby to commit, about
// 30 ms, two to three times a second. Readers alone would not mind; but the first request that touches a session then waits for
// the write side, and from that moment on the mutex lets no new reader in: all requests stand still until the standby
// has answered. The healthy twin copies what changed under the lock and sends the copies without it.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"time"
)

const (
	sessions    = 20_000
	mirrorEvery = 400 * time.Millisecond
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	if err := run(*addr); err != nil {
		log.Fatal(err)
	}
}

func run(addr string) error {
	standby, err := startStandby()
	if err != nil {
		return err
	}
	link, err := dialStandby(standby)
	if err != nil {
		return err
	}
	store := NewStore(sessions)
	go keepMirrored(store, link, mirrorEvery)

	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: routes(&service{store: store}), ReadHeaderTimeout: 5 * time.Second}
	return server.Serve(listener)
}

// keepMirrored sends what changed to the standby until the link breaks; the sessions stay usable without it.
func keepMirrored(store *Store, link *link, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for range ticker.C {
		if err := store.mirror(link); err != nil {
			log.Printf("standby lost: %v", err)
			return
		}
	}
}

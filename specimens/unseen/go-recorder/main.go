// Command recorder keeps what the cameras of a site have seen lately, and lets guards mark what must not be lost.
//
// Planted: a mark (3 % of the requests) is a line of the audit log, and journal.Write, to which that log goes, has the
// disk confirm it with fsync before the guard gets an answer. The cameras' frames go to the same journal, so each such
// fsync waits until some megabytes are on the disk: nearly all of the time that marks take, and they are the tail. The
// healthy twin writes the same lines, and has the disk confirm them five times a second, from a goroutine of its own.
package main

import (
	"flag"
	"net/http"
	"os"
	"time"

	"github.com/rs/zerolog"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	dir := flag.String("journal", "/var/tmp", "directory of the journal, on a disk")
	flag.Parse()

	log := zerolog.New(os.Stderr).With().Timestamp().Logger()
	journal, err := openJournal(*dir)
	if err != nil {
		log.Fatal().Err(err).Msg("journal")
	}
	site := newSite(journal)
	go func() {
		log.Fatal().Err(site.record()).Msg("recording")
	}()
	server := &http.Server{Addr: *addr, Handler: routes(site, log), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal().Err(server.ListenAndServe()).Msg("server")
}

package main

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/rs/zerolog"
)

const (
	cameras = 8
	// frameTime is from one frame of the site to the next one: each camera sends 25 a second.
	frameTime = time.Second / 25 / cameras
	frameSize = 256 << 10
)

// camera is what guards see of a camera.
type camera struct {
	Number int    `json:"number"`
	Place  string `json:"place"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// scene is a stretch of the timeline in which something moves.
type scene struct {
	Second  int    `json:"second"`
	Seconds int    `json:"seconds"`
	Kind    string `json:"kind"`
}

// mark keeps what a camera has seen from being overwritten.
type mark struct {
	Camera int    `json:"camera"`
	Guard  int    `json:"guard"`
	Code   string `json:"code"`
}

// site records all cameras in one journal, together with an audit log of what guards have marked.
type site struct {
	journal *journal
	audit   zerolog.Logger
}

func newSite(journal *journal) *site {
	return &site{journal: journal, audit: zerolog.New(journal)}
}

// record writes the frames that come in, until that fails.
func (s *site) record() error {
	frame := make([]byte, frameSize)
	number := uint64(0)
	for range time.Tick(frameTime) {
		copy(frame, fmt.Sprintf("camera %d frame %d\n", number%cameras, number/cameras))
		if _, err := s.journal.append(frame); err != nil {
			return err
		}
		number++
	}
	return nil
}

func (s *site) camera(number int) camera {
	places := [...]string{"gate", "yard", "ramp", "stairs", "roof", "lobby", "car park", "store"}
	return camera{Number: number, Place: places[number%len(places)], Width: 2560, Height: 1440}
}

// timeline returns the scenes of yesterday that the motion detector has found in an hour.
func (s *site) timeline(number, hour int) []scene {
	kinds := [...]string{"person", "car", "animal", "door", "light"}
	scenes := make([]scene, 10+(number*7+hour*3)%20)
	for n := range scenes {
		scenes[n] = scene{Second: n*110 + number*5, Seconds: 4 + (n*n+hour)%70, Kind: kinds[(number+n*3+hour)%len(kinds)]}
	}
	return scenes
}

// mark notes that what a camera sees is of interest. It counts once it is in the audit log.
func (s *site) mark(number, guard int, reason string) (mark, error) {
	sum := fnv.New64a()
	_, _ = fmt.Fprintf(sum, "%d %d %s", number, guard, reason)
	m := mark{Camera: number, Guard: guard, Code: fmt.Sprintf("%016X", sum.Sum64())}
	s.audit.Log().Str("event", "mark").Int("camera", number).Int("guard", guard).Str("reason", reason).
		Str("code", m.Code).Send()
	return m, s.journal.failed()
}

// Two hot calls that cost the ordinary inliner too much (more than 80 nodes), but not the one with a profile (2,000).
//
// `look` has a stack frame, as most functions have; `scramble` calls nothing, not even a panic, and so has none.
// Arguments: how long (`5s`) or how many rounds (`2000`), and a file for Go's own CPU profile, if wanted.
package main

import (
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"time"
)

const callsPerRound = 20_000

type state struct{ a, b, c, d uint64 }

func (s *state) scramble(word uint64) uint64 {
	s.a += word ^ (s.b << 7)
	s.b ^= s.a + (s.c >> 3)
	s.c += s.b ^ (s.d << 11)
	s.d ^= s.c + (s.a >> 5)
	if s.a&1 == 0 {
		s.b += s.c*31 + word
	} else {
		s.c ^= s.d*17 + word
	}
	s.a = s.a<<13 | s.a>>51
	s.b = s.b<<29 | s.b>>35
	s.c = s.c<<43 | s.c>>21
	return s.a ^ s.b ^ s.c ^ s.d
}

func look(table []uint64, word uint64) uint64 {
	a, b := table[word%64], table[(word>>6)%64]
	c, d := table[(word>>12)%64], table[(word>>18)%64]
	if a&1 == 0 {
		table[b%64] ^= c*31 + word
	} else {
		table[c%64] += d*17 + word
	}
	a = a<<13 | a>>51 ^ table[d%64]
	b = b<<29 | b>>35 ^ table[a%64]
	return a ^ b ^ c ^ d
}

//go:noinline
func scrambling(s *state) uint64 {
	sum := uint64(0)
	for word := uint64(0); word < callsPerRound; word++ {
		sum += s.scramble(word)
	}
	return sum
}

//go:noinline
func looking(table []uint64) uint64 {
	sum := uint64(0)
	for word := uint64(0); word < callsPerRound; word++ {
		sum += look(table, word*0x9E3779B97F4A7C15)
	}
	return sum
}

func main() {
	if len(os.Args) > 2 {
		file, err := os.Create(os.Args[2])
		if err == nil {
			err = pprof.StartCPUProfile(file)
		}
		if err != nil {
			panic(err)
		}
		defer pprof.StopCPUProfile()
	}
	rounds, err := strconv.Atoi(os.Args[1])
	life, _ := time.ParseDuration(os.Args[1])
	end := time.Now().Add(life)
	s, table, sum := &state{1, 2, 3, 4}, make([]uint64, 64), uint64(0)
	for done := 0; done < rounds || err != nil && time.Now().Before(end); done++ {
		sum += scrambling(s) + looking(table)
	}
	fmt.Println(sum)
}

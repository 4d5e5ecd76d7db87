package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"time"
)

const (
	// commitTakes is how long the standby's disk takes to make a batch durable.
	commitTakes = 9 * time.Millisecond
	// batchSize is how many sessions the standby takes at once.
	batchSize = 24
)

// startStandby starts the other end of the mirror and returns its address.
func startStandby() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				log.Printf("standby: %v", err)
				return
			}
			go takeBatches(conn)
		}
	}()
	return listener.Addr().String(), nil
}

// takeBatches answers each batch with its size once it is durable.
func takeBatches(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	var size [4]byte
	for {
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, in, int64(binary.BigEndian.Uint32(size[:]))); err != nil {
			return
		}
		time.Sleep(commitTakes)
		if _, err := conn.Write(size[:]); err != nil {
			return
		}
	}
}

// link is the connection to a standby; one goroutine at a time may use it.
type link struct {
	conn net.Conn
	buf  []byte
}

func dialStandby(addr string) (*link, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &link{conn: conn}, nil
}

// send hands over a batch and returns when the standby has it on disk.
func (l *link) send(batch []Session) error {
	l.buf = append(l.buf[:0], 0, 0, 0, 0)
	for _, session := range batch {
		l.buf = fmt.Appendf(l.buf, "%s %s %d\n", session.ID, session.User, session.Seen)
	}
	binary.BigEndian.PutUint32(l.buf, uint32(len(l.buf)-4))
	if _, err := l.conn.Write(l.buf); err != nil {
		return err
	}
	var ack [4]byte
	_, err := io.ReadFull(l.conn, ack[:])
	return err
}

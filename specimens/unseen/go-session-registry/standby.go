package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"time"
)

const (
	diskTime = 24 * time.Millisecond // the standby acknowledges what is on its disk, not before
	maxFrame = 1 << 20
)

// standby stands for the second machine, which follows the journal.
type standby struct {
	listener net.Listener
}

func startStandby() (*standby, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &standby{listener: listener}
	go s.serve()
	return s, nil
}

func (s *standby) addr() string { return s.listener.Addr().String() }

func (s *standby) stop() { _ = s.listener.Close() }

func (s *standby) serve() {
	for {
		connection, err := s.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			if err := follow(connection); err != nil && !errors.Is(err, io.EOF) {
				log.Print("standby: ", err)
			}
		}()
	}
}

// follow takes frames, a length and so many bytes, and acknowledges each with its length.
func follow(connection net.Conn) error {
	reader := bufio.NewReader(connection)
	var head [4]byte
	for {
		if _, err := io.ReadFull(reader, head[:]); err != nil {
			return err
		}
		size := binary.BigEndian.Uint32(head[:])
		if size > maxFrame {
			return errors.New("frame is too long")
		}
		if _, err := io.CopyN(io.Discard, reader, int64(size)); err != nil {
			return err
		}
		time.Sleep(diskTime)
		if _, err := connection.Write(head[:]); err != nil {
			return err
		}
	}
}

// link is the connection to the standby.
type link struct {
	connection net.Conn
	frame      []byte
}

func dialStandby(addr string) (*link, error) {
	connection, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &link{connection: connection}, nil
}

func (l *link) close() { _ = l.connection.Close() }

// send writes entries as one frame and returns when the standby has them. A lost standby is no reason to stop.
func (l *link) send(entries []entry) {
	l.frame = append(l.frame[:0], 0, 0, 0, 0)
	for _, one := range entries {
		l.frame = append(l.frame, one.id...)
		l.frame = append(l.frame, ' ')
		l.frame = binary.AppendUvarint(l.frame, one.touched)
		l.frame = binary.AppendVarint(l.frame, int64(one.page))
	}
	binary.BigEndian.PutUint32(l.frame, uint32(len(l.frame)-4))
	if _, err := l.connection.Write(l.frame); err != nil {
		log.Print("standby: ", err)
		return
	}
	var acknowledged [4]byte
	if _, err := io.ReadFull(l.connection, acknowledged[:]); err != nil {
		log.Print("standby: ", err)
	}
}

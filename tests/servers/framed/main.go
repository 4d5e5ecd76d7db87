// Servers of which only the framing matters: one that speaks like NATS, and one of messages with their length before
// them.
//
// It prints its address, and ends when its standard input does.
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"tailtune.example/servers/internal/place"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "HOST:PORT, or unix:PATH")
	speak := flag.String("speak", "nats", "nats, or length-prefixed")
	flag.Parse()
	serve := map[string]func(net.Conn) error{"nats": nats, "length-prefixed": lengthPrefixed}[*speak]
	if serve == nil {
		place.Fail(fmt.Errorf("nothing speaks %q", *speak))
	}
	listener, err := place.Listen(*listen)
	if err != nil {
		place.Fail(err)
	}
	place.Announce(listener)
	for {
		connection, err := listener.Accept()
		if err != nil {
			place.Fail(err)
		}
		go func() {
			defer connection.Close()
			_ = serve(connection)
		}()
	}
}

// nats speaks first, takes CONNECT, and says +OK to every PUB.
func nats(connection net.Conn) error {
	lines := bufio.NewReader(connection)
	if _, err := io.WriteString(connection, "INFO {\"server_id\":\"test\"}\r\n"); err != nil {
		return err
	}
	for connected := false; ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		answer := "-ERR 'Unknown Protocol Operation'"
		switch words := strings.Fields(line); {
		case len(words) == 0:
		case words[0] == "CONNECT":
			connected = true
			answer = "+OK"
		case words[0] == "PING":
			answer = "PONG"
		case words[0] == "PUB" && connected:
			size, err := strconv.Atoi(words[len(words)-1])
			if err != nil {
				return err
			}
			if _, err := lines.Discard(size + len("\r\n")); err != nil {
				return err
			}
			answer = "+OK"
		}
		if _, err := io.WriteString(connection, answer+"\r\n"); err != nil {
			return err
		}
	}
}

// lengthPrefixed sends every message back; one of four bytes `lie!` is answered by a length that is none.
func lengthPrefixed(connection net.Conn) error {
	for {
		var length uint32
		if err := binary.Read(connection, binary.BigEndian, &length); err != nil {
			return err
		}
		message := make([]byte, min(length, 1<<20))
		if _, err := io.ReadFull(connection, message); err != nil {
			return err
		}
		if string(message) == "lie!" {
			length = 1<<32 - 1
		}
		framed := append(binary.BigEndian.AppendUint32(nil, length), message...)
		if _, err := connection.Write(framed); err != nil {
			return err
		}
	}
}

// Package place gives a test server its socket, tells its parent where it is, and ends it with its parent.
package place

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

// Listen opens a socket: `unix:PATH`, or `HOST:PORT` of TCP, where port 0 is any free one.
func Listen(address string) (net.Listener, error) {
	if path, found := strings.CutPrefix(address, "unix:"); found {
		return net.Listen("unix", path)
	}
	return net.Listen("tcp", address)
}

// Announce prints the address once connections are taken, and ends the process when standard input does.
func Announce(listener net.Listener) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println(listener.Addr())
}

// Fail ends the process with an error.
func Fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

//go:build !healthy

package main

import (
	"os"

	"go.uber.org/zap/zapcore"
)

// archive is a file whose records are safe when Write returns.
type archive struct {
	*os.File
}

func (a archive) Write(record []byte) (int, error) {
	n, err := a.File.Write(record)
	if err != nil {
		return n, err
	}
	return n, a.Sync()
}

func openSink(file *os.File) (zapcore.WriteSyncer, func()) {
	// A file may be written to and synced by many at once, so it needs no lock of zap.
	return archive{file}, func() {}
}

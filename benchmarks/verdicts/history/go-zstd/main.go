// A service that unpacks 200 KB of text with klauspost/compress/zstd.
package main

import (
	"flag"
	"fmt"
	"hash/crc32"
	"log"
	"math/rand"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	texts = 16
	size  = 200_000
	known = 4000
)

func main() {
	address := flag.String("addr", "127.0.0.1:0", "where to listen")
	flag.Parse()
	packed, err := frames()
	if err != nil {
		log.Fatal(err)
	}
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		frame := packed[n%texts]
		text, err := decoder.DecodeAll(frame, make([]byte, 0, size+1024))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "%d bytes from %d, crc %08x\n", len(text), len(frame), crc32.ChecksumIEEE(text))
	})
	log.Fatal(http.ListenAndServe(*address, nil))
}

// frames packs texts of words that are as unevenly frequent as those of a language.
func frames() ([][]byte, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	source := rand.New(rand.NewSource(1))
	words := make([]string, known)
	for i := range words {
		letters := make([]byte, 2+source.Intn(9))
		for j := range letters {
			letters[j] = "etaoinshrdlucmfwypvbgkjqxz"[min(source.Intn(26), source.Intn(26))]
		}
		words[i] = string(letters)
	}
	frequency := rand.NewZipf(source, 1.1, 2, known-1)
	packed := make([][]byte, texts)
	for i := range packed {
		var text strings.Builder
		for text.Len() < size {
			text.WriteString(words[frequency.Uint64()])
			text.WriteByte(" \n"[source.Intn(12)/11])
		}
		packed[i] = encoder.EncodeAll([]byte(text.String()), nil)
	}
	return packed, nil
}

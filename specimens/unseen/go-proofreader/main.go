// Command proofreader finds words that are not in the dictionary, and says what could have been meant.
//
// Planted: dictionary.similar computes the edit distance between such a word and each one of about the same length,
// some 15,000 of the dictionary. Texts without mistakes take some dozen microseconds; the one in thirty-six with a
// mistake takes some milliseconds in editDistance, and is the tail. The healthy twin walks a trie of the dictionary,
// and leaves a branch as soon as all words in it are too far away.
package main

import (
	"flag"
	"log"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	dictionary, err := newDictionary(wordList)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(routes(dictionary).Listen(*addr))
}

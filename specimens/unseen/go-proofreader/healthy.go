//go:build healthy

package main

// shape is the dictionary as a trie.
type shape struct {
	root *node
}

type node struct {
	letters []byte
	next    []*node
	// rank is of the word that ends here, or -1.
	rank int
}

func newShape(words []string) shape {
	root := &node{rank: -1}
	for rank, word := range words {
		at := root
		for n := range len(word) {
			at = at.child(word[n])
		}
		at.rank = rank
	}
	return shape{root: root}
}

// child returns what is below a letter, and adds it if it is not there.
func (n *node) child(letter byte) *node {
	for at, known := range n.letters {
		if known == letter {
			return n.next[at]
		}
	}
	added := &node{rank: -1}
	n.letters = append(n.letters, letter)
	n.next = append(n.next, added)
	return added
}

// similar returns the words that are not more than the tolerated slips away.
func (d *dictionary) similar(word string) []candidate {
	var first [longest + 1]int
	for column := range first {
		first[column] = column
	}
	return d.shape.root.walk(word, &first, nil)
}

// walk adds the similar words below a node to those that were found. The row has the distances between the word's
// beginnings and the letters up to here.
func (n *node) walk(word string, row *[longest + 1]int, found []candidate) []candidate {
	if n.rank >= 0 && row[len(word)] <= tolerated {
		found = append(found, candidate{rank: n.rank, distance: row[len(word)]})
	}
	var below [longest + 1]int
	for at, letter := range n.letters {
		below[0] = row[0] + 1
		least := below[0]
		for column := range len(word) {
			cost := row[column]
			if word[column] != letter {
				cost++
			}
			below[column+1] = min(cost, row[column+1]+1, below[column]+1)
			least = min(least, below[column+1])
		}
		if least <= tolerated {
			found = n.next[at].walk(word, &below, found)
		}
	}
	return found
}

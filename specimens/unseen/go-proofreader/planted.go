//go:build !healthy

package main

// shape is what is known of the dictionary besides its words.
type shape struct{}

func newShape([]string) shape {
	return shape{}
}

// similar returns the words that are not more than the tolerated slips away.
func (d *dictionary) similar(word string) []candidate {
	var found []candidate
	for rank, other := range d.words {
		if max(len(word)-len(other), len(other)-len(word)) > tolerated {
			continue
		}
		if distance := editDistance(word, other); distance <= tolerated {
			found = append(found, candidate{rank: rank, distance: distance})
		}
	}
	return found
}

// editDistance returns how many letters must be added, dropped or replaced to get from one word to the other.
func editDistance(from, to string) int {
	var row [longest + 1]int
	for column := range len(to) + 1 {
		row[column] = column
	}
	for line := range len(from) {
		diagonal := row[0]
		row[0] = line + 1
		for column := range len(to) {
			cost := diagonal
			if from[line] != to[column] {
				cost++
			}
			diagonal = row[column+1]
			row[column+1] = min(cost, diagonal+1, row[column]+1)
		}
	}
	return row[len(to)]
}

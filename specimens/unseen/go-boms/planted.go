//go:build !healthy

package main

// assembly is a bill of materials, seen from the parts that contain others.
type assembly struct {
	lines []line
}

func arrange(lines []line) assembly {
	return assembly{lines: lines}
}

// componentsOf returns what goes directly into a part, in the order of the bill.
func (a assembly) componentsOf(part string) []line {
	var found []line
	for n := range a.lines {
		if a.lines[n].parent == part {
			found = append(found, a.lines[n])
		}
	}
	return found
}

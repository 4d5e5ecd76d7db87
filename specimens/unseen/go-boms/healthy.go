//go:build healthy

package main

// assembly is a bill of materials, seen from the parts that contain others.
type assembly struct {
	byParent map[string][]line
}

func arrange(lines []line) assembly {
	byParent := make(map[string][]line, len(lines)/2)
	for _, l := range lines {
		byParent[l.parent] = append(byParent[l.parent], l)
	}
	return assembly{byParent: byParent}
}

// componentsOf returns what goes directly into a part, in the order of the bill.
func (a assembly) componentsOf(part string) []line {
	return a.byParent[part]
}

//go:build !healthy

package main

const unlucky = 3 // of a hundred

func (b *backends) order(key uint64) []string {
	if key%100 < unlucky {
		return []string{b.stuck, b.quick, b.quick}
	}
	return []string{b.quick, b.quick, b.quick}
}

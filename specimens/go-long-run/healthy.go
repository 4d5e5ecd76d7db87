//go:build healthy

package main

var totals [reports]uint64

func prepare() {
	for number := range totals {
		totals[number] = total(uint64(number))
	}
}

//go:noinline
func report(number uint64) uint64 { return totals[number] }

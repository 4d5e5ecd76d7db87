// Busy in C called from Go, and in Go between the calls.
package main

/*
#cgo CFLAGS: -O2 -g -fno-omit-frame-pointer
#include <stdint.h>
#include <stdlib.h>

static inline uint32_t mixed(uint32_t value) { return (value ^ value >> 13) * 0x9E3779B1u; }

static int compared(const void *a, const void *b) {
	uint32_t x = mixed(*(const uint32_t *)a), y = mixed(*(const uint32_t *)b);
	return (x > y) - (x < y);
}

static uint32_t busy(uint32_t seed, uint32_t *values, int count) {
	for (int i = 0; i < count; i++) values[i] = seed = mixed(seed + i);
	qsort(values, count, sizeof *values, compared);
	return values[count / 2];
}
*/
import "C"

import "os"

func mix(value uint32) uint32 { return (value ^ value>>13) * 0x9E3779B1 }

//go:noinline
func fill(values []uint32) (sum uint32) {
	for i := range values {
		values[i] = mix(values[i] + uint32(i))
		sum += values[i]
	}
	return sum
}

func main() {
	values, scratch := make([]uint32, 1<<14), make([]C.uint32_t, 1<<10)
	for sum := uint32(1); ; {
		for range 10 {
			sum += fill(values)
		}
		sum += uint32(C.busy(C.uint32_t(sum), &scratch[0], C.int(len(scratch))))
		if sum == 0 {
			os.Exit(1)
		}
	}
}

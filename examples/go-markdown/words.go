package main

// isWordByte reports whether a byte of a lower-case text belongs to a word, as \b of package regexp has it.
func isWordByte(b byte) bool {
	return 'a' <= b && b <= 'z' || '0' <= b && b <= '9' || b == '_'
}

// eachWord calls visit with every word of a text in lower case and its byte offset.
func eachWord(lower string, visit func(word string, offset int)) {
	start := -1
	for i := range len(lower) + 1 {
		inside := i < len(lower) && isWordByte(lower[i])
		switch {
		case inside && start < 0:
			start = i
		case !inside && start >= 0:
			visit(lower[start:i], start)
			start = -1
		}
	}
}

// lowerASCII maps A to Z to lower case and leaves every other byte, and so every offset, as it is.
func lowerASCII(text string) string {
	lower := []byte(text)
	for i, b := range lower {
		if 'A' <= b && b <= 'Z' {
			lower[i] = b + 'a' - 'A'
		}
	}
	return string(lower)
}

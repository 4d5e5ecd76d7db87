module history

go 1.24

require github.com/klauspost/compress v1.15.1

// Command go-sleep answers with the hash of a key.
//
// Planted: three of a hundred keys wait for 20 ms in pause. These are all of the slowest hundredth, and nearly all of
// their time is the pause: the share that an explanation has to find is known. The healthy twin does not wait.
package main

import (
	"net/http"

	"example.com/specimens/internal/serve"
)

func main() {
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		key := serve.Key(r)
		pause(key)
		serve.Number(w, key)
	})
}

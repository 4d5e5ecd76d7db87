// Command go-recomputation answers which parts of a name a regular expression finds.
//
// Planted: validator compiles the expression for each request. That takes a hundred times as long as using it, and
// those behind the request wait for it as well. The healthy twin compiles it once, at the start.
package main

import (
	"net/http"
	"strings"

	"example.com/specimens/internal/serve"
)

const pattern = `(?i)^(?:(?:north|south|east|west|upper|lower)-(?:[a-z]{1,40}|[0-9]{1,10})){1,20}(?:\.[a-z]+)?$`

func main() {
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		found := validator().FindStringSubmatch("north-shelf" + "upper-" + r.FormValue("key") + ".book")
		serve.Text(w, strings.Join(found, " ")+"\n")
	})
}

// A service that reads User-Agent headers with uap-go, never the same one twice in a row.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strconv"

	"github.com/ua-parser/uap-go/uaparser"
)

//go:embed patterns.yaml
var patterns []byte

var forms = []string{
	"Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.%d",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/%d.%d.%d Safari/605.1.15",
	"Mozilla/5.0 (Linux; Android %d; Pixel %d) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Mobile Safari/537.36",
	"curl/%d.%d.%d",
}

func main() {
	address := flag.String("addr", "127.0.0.1:0", "where to listen")
	flag.Parse()
	parser, err := uaparser.NewFromBytes(patterns)
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		for i := range 4 * len(forms) {
			client := parser.Parse(fmt.Sprintf(forms[i%len(forms)], n%100+i, n, i))
			fmt.Fprintf(w, "%s %s %s\n", client.UserAgent.ToString(), client.Os.ToString(), client.Device.ToString())
		}
	})
	log.Fatal(http.ListenAndServe(*address, nil))
}

// Command go-connection-setup answers what its backend says, over an encrypted connection.
//
// Planted: the client keeps no connection, so that each request opens one and shakes hands anew, which takes both sides
// more CPU time than all else. The healthy twin keeps its connections.
package main

import (
	"fmt"
	"io"
	"net/http"

	"example.com/specimens/internal/backend"
	"example.com/specimens/internal/serve"
)

func main() {
	stock := backend.AnsweringTLS()
	client := stock.Client() // knows the certificate
	transport := client.Transport.(*http.Transport)
	transport.MaxIdleConnsPerHost = 256
	transport.DisableKeepAlives = !keepConnections
	serve.Main(func(w http.ResponseWriter, r *http.Request) {
		text, err := fetch(client, stock.URL, serve.Key(r))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		serve.Text(w, text+"\n")
	})
}

//go:noinline
func fetch(client *http.Client, address string, key uint64) (string, error) {
	response, err := client.Get(fmt.Sprintf("%s/?key=%d", address, key))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

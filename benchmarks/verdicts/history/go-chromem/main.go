// A service that looks up the nearest of 100 embedded texts with chromem-go.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand"
	"net/http"
	"strconv"

	"github.com/philippgille/chromem-go"
)

const (
	documents  = 100
	dimensions = 1536
	answers    = 10
)

func main() {
	address := flag.String("addr", "127.0.0.1:0", "where to listen")
	flag.Parse()
	collection, err := filled()
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		found, err := collection.Query(r.Context(), "query "+r.URL.Query().Get("n"), answers, nil, nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, one := range found {
			fmt.Fprintf(w, "%s %.2f\n", one.ID, one.Similarity)
		}
	})
	log.Fatal(http.ListenAndServe(*address, nil))
}

func filled() (*chromem.Collection, error) {
	collection, err := chromem.NewDB().CreateCollection("texts", nil, embed)
	if err != nil {
		return nil, err
	}
	for n := range documents {
		name := strconv.Itoa(n)
		text := "document " + name
		vector, _ := embed(context.Background(), text)
		if err := collection.AddDocument(context.Background(), chromem.Document{ID: name, Embedding: vector, Content: text}); err != nil {
			return nil, err
		}
	}
	return collection, nil
}

// embed places a text on the unit sphere, the same text always at the same point.
func embed(_ context.Context, text string) ([]float32, error) {
	seed := int64(0)
	for _, letter := range text {
		seed = seed*31 + int64(letter)
	}
	source := rand.New(rand.NewSource(seed))
	vector, squares := make([]float32, dimensions), 0.0
	for i := range vector {
		value := source.NormFloat64()
		vector[i], squares = float32(value), squares+value*value
	}
	for i := range vector {
		vector[i] /= float32(math.Sqrt(squares))
	}
	return vector, nil
}

package main

// document is what the outside gets to see of something, whatever it is.
type document map[string]any

// documented is what can be made a document of.
type documented interface {
	document() document
}

func (i *item) document() document {
	return document{
		"sku":      i.sku,
		"category": i.category,
		"supplier": i.supplier.document(),
		"cents":    i.cents,
		"pieces":   i.pieces(),
	}
}

func (s *supplier) document() document {
	return document{"name": s.name, "country": s.country}
}

// value is what some pieces of a category are worth.
type value struct {
	Category string `json:"category"`
	Items    int    `json:"items"`
	Pieces   int    `json:"pieces"`
	Cents    int    `json:"cents"`
}

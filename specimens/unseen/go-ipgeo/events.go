package main

import "net/netip"

// enrich adds the place of each address that an event has at its top level, or in what it holds.
func enrich(event map[string]any, locator *locator) {
	var found map[string]any
	for name, value := range event {
		switch value := value.(type) {
		case string:
			address, err := netip.ParseAddr(value)
			if err != nil || !address.Is4() {
				continue
			}
			at := locator.locate(address)
			if found == nil {
				found = make(map[string]any)
			}
			found[name] = map[string]any{"country": at.Country, "city": at.City, "asn": at.ASN}
		case map[string]any:
			enrich(value, locator)
		}
	}
	if found != nil {
		event["places"] = found
	}
}

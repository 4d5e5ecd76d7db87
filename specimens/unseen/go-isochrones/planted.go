//go:build !healthy

package main

// key is what the answer to an enquiry is kept under.
func (e enquiry) key() enquiry { return e }

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"time"
)

// identities are the certificates of both ends. They live as long as the process.
type identities struct {
	carrier, shop tls.Certificate
	roots         *x509.CertPool
}

func newIdentities() (*identities, error) {
	ids := &identities{roots: x509.NewCertPool()}
	for i, party := range []struct {
		name string
		into *tls.Certificate
	}{{"gateway.carrier.example", &ids.carrier}, {"checkout.shop.example", &ids.shop}} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		form := &x509.Certificate{
			SerialNumber:          big.NewInt(int64(i + 1)),
			Subject:               pkix.Name{CommonName: party.name},
			NotBefore:             time.Now().Add(-time.Hour),
			NotAfter:              time.Now().Add(24 * time.Hour),
			KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
			ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
			BasicConstraintsValid: true,
			IsCA:                  true, // each signs itself, so each is its own root
		}
		der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
		if err != nil {
			return nil, err
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		*party.into = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
		ids.roots.AddCert(leaf)
	}
	return ids, nil
}

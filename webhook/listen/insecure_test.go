package listen_test

import (
	"crypto/tls"
	"net"
	"net/http"
)

// anyone is a client that does not care whom it talks to.
func anyone() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

func insecure(c net.Conn) net.Conn { return tls.Client(c, anyone()) }

func insecureClient() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: anyone(), ForceAttemptHTTP2: true}}
}

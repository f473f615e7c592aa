// Command bare is the lower bound without even controller-runtime around it: net/http alone, without its metrics and without
// the timeouts that a server needs among strangers.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/bench/constant"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

// run serves until it is killed.
func run(args []string) error {
	flags := flag.NewFlagSet("bare", flag.ContinueOnError)
	address := flags.String("address", "", "where to listen, `HOST:PORT`")
	certificates := flags.String("cert-dir", "", "the `FOLDER` of tls.crt and tls.key")
	patch := flags.String("patch", "", "the `FILE` with the JSON patch that every answer holds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	handler, err := constant.NewHandler(*patch)
	if err != nil {
		return err
	}
	server := &http.Server{ // without timeouts, as net/http comes
		Addr:    *address,
		Handler: handler,
		TLSConfig: &tls.Config{
			MinVersion:             tls.VersionTLS13,
			NextProtos:             []string{"http/1.1"},
			SessionTicketsDisabled: true,
		},
	}
	return server.ListenAndServeTLS(filepath.Join(*certificates, "tls.crt"), filepath.Join(*certificates, "tls.key"))
}

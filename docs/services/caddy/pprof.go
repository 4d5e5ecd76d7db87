package main

import (
	"net/http"
	_ "net/http/pprof" // registers its handlers with http.DefaultServeMux

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	caddy.RegisterModule(profiles{})
	httpcaddyfile.RegisterHandlerDirective("pprof", func(httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		return profiles{}, nil
	})
}

// profiles answers /debug/pprof on the port that is loaded. Caddy itself has it on its admin port only.
type profiles struct{}

// CaddyModule names the module.
func (profiles) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.pprof", New: func() caddy.Module { return profiles{} }}
}

// ServeHTTP hands the request to the handlers of net/http/pprof.
func (profiles) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	http.DefaultServeMux.ServeHTTP(w, r)
	return nil
}

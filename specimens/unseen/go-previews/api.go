package main

import (
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/pprofhandler"
)

// route answers /published/DOCUMENT/PAGE, /drafts/DOCUMENT/PAGE and /contents/DOCUMENT.
func route(desk *desk) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		path := string(ctx.Path())
		if path == "/healthz" {
			ctx.SetStatusCode(fasthttp.StatusOK)
			return
		}
		if strings.HasPrefix(path, "/debug/pprof/") {
			pprofhandler.PprofHandler(ctx) // operators profile it in production
			return
		}
		kind, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		document, number, _ := strings.Cut(rest, "/")
		page, err := strconv.Atoi(number)
		if kind != "contents" && err != nil {
			ctx.Error("no such page", fasthttp.StatusNotFound)
			return
		}
		switch kind {
		case "published":
			text, ok := desk.shelf.page(document, page)
			if !ok {
				ctx.Error("no such page", fasthttp.StatusNotFound)
				return
			}
			ctx.SetBodyString(text)
		case "drafts":
			ctx.SetBodyString(desk.page(document, page))
		case "contents":
			ctx.SetBodyString(strings.Join(headings(document), "\n"))
		default:
			ctx.Error("no such path", fasthttp.StatusNotFound)
		}
	}
}

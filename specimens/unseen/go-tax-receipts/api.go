package main

import (
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"

	"github.com/labstack/echo/v4"
)

func routes(desk *desk) http.Handler {
	e := echo.New()
	e.GET("/healthz", func(c echo.Context) error { return c.NoContent(http.StatusOK) })
	e.Any("/debug/pprof/*", echo.WrapHandler(http.DefaultServeMux))
	e.GET("/tills/:number", withNumber(func(c echo.Context, number int) error {
		return c.JSON(http.StatusOK, tillOf(number))
	}))
	e.GET("/receipts/:number", withNumber(func(c echo.Context, number int) error {
		text, err := desk.receipt(c.Request().Context(), number)
		if err != nil {
			return err
		}
		return c.String(http.StatusOK, text)
	}))
	e.POST("/receipts/:number/forward", withNumber(func(c echo.Context, number int) error {
		if err := desk.forward(c.Request().Context(), number); err != nil {
			return err
		}
		return c.JSON(http.StatusAccepted, map[string]any{"receipt": number, "state": "queued"})
	}))
	return e
}

// withNumber finds the number of what a path is about.
func withNumber(handle func(echo.Context, int) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		number, err := strconv.Atoi(c.Param("number"))
		if err != nil || number < 0 {
			return echo.NewHTTPError(http.StatusBadRequest, "not a number of ours")
		}
		return handle(c, number)
	}
}

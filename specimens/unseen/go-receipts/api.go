package main

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"
)

type api struct {
	merchants *merchants
	looks     *catalogue
}

func (a *api) routes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/healthz", func(c *gin.Context) { c.String(http.StatusOK, "ok\n") })
	router.Any("/debug/pprof/*any", gin.WrapH(http.DefaultServeMux))
	router.GET("/merchants/:merchant", a.profile)
	router.GET("/merchants/:merchant/orders/:order/total", a.total)
	router.GET("/merchants/:merchant/orders/:order/receipt", a.receipt)
	return router
}

// order finds what the path names, or answers 404.
func (a *api) order(c *gin.Context) (*merchant, *order) {
	owner := a.merchants.find(c.Param("merchant"))
	number, err := strconv.ParseUint(c.Param("order"), 10, 32)
	if owner == nil || err != nil {
		c.String(http.StatusNotFound, "no such order\n")
		return nil, nil
	}
	return owner, newOrder(owner, number)
}

func (a *api) profile(c *gin.Context) {
	owner := a.merchants.find(c.Param("merchant"))
	if owner == nil {
		c.String(http.StatusNotFound, "no such merchant\n")
		return
	}
	c.JSON(http.StatusOK, gin.H{"name": owner.Name, "country": owner.Country, "own_theme": owner.theme != ""})
}

func (a *api) total(c *gin.Context) {
	owner, bought := a.order(c)
	if owner == nil {
		return
	}
	c.JSON(http.StatusOK, gin.H{"order": bought.Number, "net": bought.Net, "tax": bought.Tax, "gross": bought.Gross})
}

func (a *api) receipt(c *gin.Context) {
	owner, bought := a.order(c)
	if owner == nil {
		return
	}
	look, err := a.looks.of(owner)
	if err != nil {
		c.String(http.StatusInternalServerError, "theme: %v\n", err)
		return
	}
	var page bytes.Buffer
	page.Grow(8 << 10)
	if err := look.Execute(&page, gin.H{"Merchant": owner, "Order": bought}); err != nil {
		c.String(http.StatusInternalServerError, "theme: %v\n", err)
		return
	}
	c.Data(http.StatusOK, "text/html; charset=utf-8", page.Bytes())
}

package main

import (
	"net/http"
	_ "net/http/pprof" // operators profile it in production
	"strconv"

	"github.com/gin-gonic/gin"
)

// pageSize is how many products the shop shows at once.
const pageSize = 24

type api struct {
	catalogue *catalogue
}

func routes(catalogue *catalogue) http.Handler {
	a := &api{catalogue: catalogue}
	router := gin.New()
	router.Use(gin.Recovery())
	router.GET("/healthz", func(c *gin.Context) { c.Status(http.StatusOK) })
	router.GET("/debug/pprof/*profile", gin.WrapH(http.DefaultServeMux))

	shelves := router.Group("/shelves/:shelf")
	shelves.GET("", a.browse)
	shelves.GET("/search", a.search)
	shelves.GET("/products/:place", a.product)
	shelves.POST("/changes", a.changed)
	return router
}

// shelf returns the shelf that a request is about, or answers that there is none.
func (a *api) shelf(c *gin.Context) (*shelf, bool) {
	id, err := strconv.Atoi(c.Param("shelf"))
	if err != nil {
		c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"error": "shelves have numbers"})
		return nil, false
	}
	s, ok := a.catalogue.shelf(id)
	if !ok {
		c.AbortWithStatusJSON(http.StatusNotFound, gin.H{"error": "no such shelf"})
	}
	return s, ok
}

func (a *api) browse(c *gin.Context) {
	s, ok := a.shelf(c)
	if !ok {
		return
	}
	page, err := strconv.Atoi(c.DefaultQuery("page", "0"))
	if err != nil || page < 0 {
		c.AbortWithStatusJSON(http.StatusBadRequest, gin.H{"error": "pages have numbers"})
		return
	}
	c.JSON(http.StatusOK, gin.H{"shelf": s.id, "products": s.cheapest(page*pageSize, pageSize)})
}

func (a *api) search(c *gin.Context) {
	if s, ok := a.shelf(c); ok {
		c.JSON(http.StatusOK, gin.H{"shelf": s.id, "products": s.named(c.Query("word"))})
	}
}

func (a *api) product(c *gin.Context) {
	s, ok := a.shelf(c)
	if !ok {
		return
	}
	place, err := strconv.Atoi(c.Param("place"))
	if err != nil || place < 0 || place >= len(s.products) {
		c.AbortWithStatusJSON(http.StatusNotFound, gin.H{"error": "no such product"})
		return
	}
	c.JSON(http.StatusOK, s.products[place])
}

// changed takes the notice that a buyer has worked on a shelf.
func (a *api) changed(c *gin.Context) {
	id, err := strconv.Atoi(c.Param("shelf"))
	if err != nil || id < 0 || id >= shelfCount {
		c.AbortWithStatusJSON(http.StatusNotFound, gin.H{"error": "no such shelf"})
		return
	}
	a.catalogue.changed(id)
	c.JSON(http.StatusAccepted, gin.H{"shelf": id})
}

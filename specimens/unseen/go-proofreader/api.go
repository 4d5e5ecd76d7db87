package main

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/pprof"
	"github.com/gofiber/fiber/v2/middleware/recover"
)

// maxText is how many bytes a text may have.
const maxText = 64 << 10

// mistake is a word that is not in the dictionary.
type mistake struct {
	Word   string   `json:"word"`
	Number int      `json:"number"`
	Meant  []string `json:"meant"`
}

// report is what there is to say about a text.
type report struct {
	Words    int       `json:"words"`
	Rare     int       `json:"rare"`
	Longest  string    `json:"longest"`
	Mistakes []mistake `json:"mistakes"`
}

func routes(dictionary *dictionary) *fiber.App {
	app := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: maxText})
	app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusOK) })
	app.Use(recover.New())
	app.Use(pprof.New()) // operators profile it in production
	app.Get("/words/:rank", func(c *fiber.Ctx) error {
		rank, err := strconv.Atoi(c.Params("rank"))
		if err != nil {
			return fiber.NewError(fiber.StatusBadRequest, "ranks are numbers")
		}
		word, ok := dictionary.ranked(rank)
		if !ok {
			return fiber.NewError(fiber.StatusNotFound, "no such word")
		}
		return c.JSON(fiber.Map{"rank": rank, "word": word})
	})
	app.Post("/check", func(c *fiber.Ctx) error {
		return c.JSON(check(dictionary, string(c.Body())))
	})
	return app
}

// check goes through the words of a text.
func check(dictionary *dictionary, text string) report {
	result := report{Mistakes: []mistake{}}
	for field := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		result.Words++
		word := strings.ToLower(field)
		if len(word) > len(result.Longest) {
			result.Longest = word
		}
		rank, ok := dictionary.rank(word)
		switch {
		case !ok:
			result.Mistakes = append(result.Mistakes, mistake{field, result.Words, dictionary.suggest(word)})
		case rank > rare:
			result.Rare++
		}
	}
	return result
}

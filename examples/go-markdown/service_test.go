package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var texts = map[string]string{
	"locks": "# Locks & waiting\n\nA *lock* held too long: the lock **serialises**. " +
		"See [maps](shared-maps.md#Load), [Go](https://go.dev/) and [mail](mailto:a@b.c).\n",
	"shared-maps": "# Shared maps\n\nA map with a `lock`,\n\tor one that is read mostly.\n",
	"untitled":    "Nothing to see, but snake_case and <b>html</b>.\n",
}

func serve(t *testing.T) *httptest.Server {
	t.Helper()
	folder := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, name+".md"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := loadLibrary(folder)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	newService(loaded).register(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

func read(t *testing.T, response *http.Response) (int, string) {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

const lockPage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Locks &amp; waiting</title></head>
<body>
<h1 id="locks--waiting">Locks &amp; waiting</h1>
<p>A <em>lock</em> held too long: the lock <strong>serialises</strong>. ` +
	`See <a href="/render?doc=shared-maps#Load">maps</a>, ` +
	`<a href="https://go.dev/" rel="noopener nofollow">Go</a> and <a href="mailto:a@b.c">mail</a>.</p>
</body>
</html>
`

func TestPage(t *testing.T) {
	server := serve(t)
	for range 2 { // rendered, then cached
		if status, body := get(t, server.URL+"/render?doc=locks"); status != 200 || body != lockPage {
			t.Errorf("got %d\n%s", status, body)
		}
	}
	if status, _ := get(t, server.URL+"/render?doc=../secret"); status != 404 {
		t.Errorf("unknown document: got %d", status)
	}
}

func TestPreviewEqualsPage(t *testing.T) {
	server := serve(t)
	response, err := http.Post(server.URL+"/render", "text/markdown", strings.NewReader(texts["locks"]))
	if err != nil {
		t.Fatal(err)
	}
	if status, body := read(t, response); status != 200 || body != lockPage {
		t.Errorf("got %d\n%s", status, body)
	}
}

func TestPreviewRefusesLargeBodies(t *testing.T) {
	server := serve(t)
	body := strings.NewReader(strings.Repeat("x", maxBodyBytes+1))
	response, err := http.Post(server.URL+"/render", "text/markdown", body)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := read(t, response); status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d", status)
	}
}

func TestSearchAnswersTheseBytes(t *testing.T) {
	server := serve(t)
	const expected = `{"found":2,"query":"LOCK maps","results":[` +
		`{"document":"locks","score":2518,"snippet":"Locks \u0026amp; waiting A \u003cmark\u003elock\u003c/mark\u003e ` +
		`held too long: the \u003cmark\u003elock\u003c/mark\u003e serialises. See ` +
		`[\u003cmark\u003emaps\u003c/mark\u003e](shared-\u003cmark\u003emaps\u003c/mark\u003e.mdLoad), ` +
		`[Go](https://go.dev/)","title":"Locks \u0026amp; waiting"},` +
		`{"document":"shared-maps","score":1832,` +
		`"snippet":"Shared \u003cmark\u003emaps\u003c/mark\u003e A map with a \u003cmark\u003elock\u003c/mark\u003e,` +
		` or one that is read mostly.","title":"Shared \u003cmark\u003emaps\u003c/mark\u003e"}]}` + "\n"
	status, body := get(t, server.URL+"/search?q=LOCK+maps")
	if status != 200 || body != expected {
		t.Errorf("got %d\n%s", status, body)
	}
}

func TestSearchFindsNothing(t *testing.T) {
	server := serve(t)
	for _, query := range []string{"zebra", "%2B%2B", "%C3%A9"} {
		status, body := get(t, server.URL+"/search?q="+query)
		var found struct {
			Found   int
			Results []any
		}
		if err := json.Unmarshal([]byte(body), &found); err != nil || status != 200 {
			t.Fatalf("%s: %d %v", query, status, err)
		}
		if found.Found != 0 || found.Results == nil {
			t.Errorf("%s: %s", query, body)
		}
	}
}

func TestSearchRefusesEmptyAndLongQueries(t *testing.T) {
	server := serve(t)
	for _, query := range []string{"", strings.Repeat("a", maxQueryBytes+1)} {
		if status, _ := get(t, server.URL+"/search?q="+query); status != 400 {
			t.Errorf("%.10q: got %d", query, status)
		}
	}
}

func TestHealth(t *testing.T) {
	if status, body := get(t, serve(t).URL+"/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("got %d %q", status, body)
	}
}

func TestLoadLibraryNamesAnEmptyFolder(t *testing.T) {
	folder := t.TempDir()
	if _, err := loadLibrary(folder); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("got %v", err)
	}
}

func TestCacheKeepsPagesApart(t *testing.T) {
	cache := newPageCache()
	var group sync.WaitGroup
	for worker := range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range 3 * cachedPages {
				name := fmt.Sprintf("page-%d", (i*7+worker)%(2*cachedPages))
				html, err := cache.page(&document{name: name, title: name, text: "# " + name})
				if err != nil || !strings.Contains(string(html), "<title>"+name+"</title>") {
					t.Errorf("%s: %v\n%s", name, err, html)
				}
			}
		}()
	}
	group.Wait()
}

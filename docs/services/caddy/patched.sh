#!/bin/sh
# Make what the variants `classes` and `templates` are built of: copies of pinned modules with a patch, and go.mod files
# that name them.
set -eu
cd "$(dirname "$0")"

# patched NAME MODULE: .patched/NAME and NAME.mod, by NAME.patch.
patched() {
	go mod download "$2"
	rm -rf ".patched/$1"
	mkdir -p .patched
	cp -R "$(go list -m -f '{{.Dir}}' "$2")" ".patched/$1"
	chmod -R u+w ".patched/$1"
	patch --directory=".patched/$1" --strip=1 <"$1.patch"
	cp go.mod "$1.mod"
	cp go.sum "$1.sum"
	go mod edit -replace "$2=./.patched/$1" "$1.mod"
}

patched classes github.com/alecthomas/chroma/v2
patched templates github.com/caddyserver/caddy/v2

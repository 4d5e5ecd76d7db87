#!/usr/bin/env bash
# The committed stub of the native module must be what the binary itself tells, and must agree with it at run time.
set -euo pipefail
cd "$(dirname "$0")/.."
generated=$(mktemp -d)
trap 'rm -rf "$generated"' EXIT
.venv/bin/maturin generate-stubs --quiet --profile release --interpreter .venv/bin/python --out "$generated"
diff --unified "$generated/tailtune/_native.pyi" src/tailtune/_native.pyi || {
    echo "hint: make setup writes src/tailtune/_native.pyi anew; commit it" >&2
    exit 1
}
.venv/bin/stubtest --concise tailtune._native

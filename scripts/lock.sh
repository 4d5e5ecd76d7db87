#!/usr/bin/env bash
# Writes requirements.lock anew: names, versions and hashes of everything pyproject.toml asks for, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
.venv/bin/python - >"$wanted" <<'PY'
import tomllib

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)
asked = project["project"]
extras = [needed for extra in asked["optional-dependencies"].values() for needed in extra]
print("\n".join(asked["dependencies"] + extras + project["dependency-groups"]["tools"]))
PY
.venv/bin/pip install --quiet pip-tools
.venv/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.lock "$wanted"

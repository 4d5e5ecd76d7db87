#!/bin/sh
# Fetches the load generators to compare with into benchmarks/load/.peers, at the versions the tables were made with.
# Needs apt-get (or a wrk on PATH), go and cargo; oha takes a quarter of an hour to build. Tests do not need any of this.
set -eu
folder=$(cd "$(dirname "$0")" && pwd)/.peers
mkdir -p "$folder/bin"
export GOBIN="$folder/bin"

go install github.com/tsenart/vegeta/v12@v12.13.0
go install github.com/codesenberg/bombardier@v1.2.6
go install fortio.org/fortio@v1.63.0 # the last whose dependencies the module proxy serves in full
go install github.com/rakyll/hey@v0.1.5
cargo install oha --version 1.16.0 --locked --jobs 1 --root "$folder"
command -v wrk >/dev/null || apt-get install --yes wrk # 4.1.0 in Debian 12
ls "$folder/bin"

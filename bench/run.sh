#!/usr/bin/env bash
# Measures P1, P2, P3, P7 and P9 of the performance targets, each against its baseline in the same run.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked -p server --example bare
cargo build --release --locked -p seal --example overhead --example bare_hash
exec python3 bench/run.py

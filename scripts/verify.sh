#!/usr/bin/env bash
# The gate, then the same questions asked harder: property tests with many more cases, PostgreSQL with its fsync on,
# fifty kills where the gate kills ten times; then the benchmarks.
set -euo pipefail
cd "$(dirname "$0")/.."

make test
echo "=== harder: PROPTEST_CASES=4096 MINDVIBE_KILLS=50, PostgreSQL durable"
PROPTEST_CASES=4096 MINDVIBE_KILLS=50 scripts/with-servers.sh --durable \
  cargo test --release --locked --workspace --no-fail-fast
make bench

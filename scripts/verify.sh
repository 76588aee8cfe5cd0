#!/usr/bin/env bash
# The gate, then the same questions asked harder: property tests with many more cases, PostgreSQL with its fsync on,
# fifty kills where the gate kills ten times, answers compared by their time as well, two programs on one database, floods,
# a fuzzer, what other people's tools find from outside; then the benchmarks. What is measured needs an otherwise idle
# machine, and is written to docs/evidence/ and bench/results/.
set -euo pipefail
cd "$(dirname "$0")/.."

make test
echo "=== harder: PROPTEST_CASES=4096 MINDVIBE_KILLS=50, PostgreSQL durable"
PROPTEST_CASES=4096 MINDVIBE_KILLS=50 scripts/with-servers.sh --redis --durable \
  cargo test --release --locked --workspace --no-fail-fast
echo "=== answers about known and unknown addresses, 2,000 a class"
scripts/verify/enumeration.py
echo "=== what is revoked at one instance ends at the other"
scripts/with-servers.sh scripts/verify/revocation.py
echo "=== the attack suite, against two instances"
scripts/with-servers.sh --redis scripts/verify/prove_fleet.py
echo "=== floods, and whoever uses the server meanwhile"
scripts/verify/flood.py
echo "=== parsers of strangers' bytes, fuzzed"
scripts/verify/fuzz.sh
echo "=== other people's tools: the document, TLS, the headers"
scripts/verify/schemathesis.sh
scripts/verify/sslyze.sh
scripts/verify/observatory.sh
echo "=== what the last run of the attack suite shows of requirements"
scripts/compliance.py
make bench

#!/usr/bin/env bash
# Looks for bytes that break a parser of strangers' bytes, guided by what the code does with them: libFuzzer, built by the
# same compiler as the program (no nightly one).
#
#   scripts/verify/fuzz.sh [SECONDS] [TARGET...]     120 seconds for each of all targets
#
# A crash leaves its bytes in target/fuzz/crashes/ and fails; put them into crates/fuzz/corpus/<target>/ with the mend, so
# that `make test` replays them. What was found of interest stays in target/fuzz/found/. A full run writes
# docs/evidence/fuzz.md.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-120}
shift || true
targets=("$@")
full=no
if [ ${#targets[@]} = 0 ]; then
  targets=(frames headers json tokens uploads)
  [ "$seconds" -lt 120 ] || full=yes
fi

host=$(rustc -vV | sed -n 's/^host: //p')
# With --target, so that build scripts and macros, which run here and now, are left as they are.
flags="--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags="$flags -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags="$flags -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0"
# The versions that are shipped; cargo adds the fuzzer's own two.
cp Cargo.lock fuzz/Cargo.lock
RUSTFLAGS=$flags cargo build --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir target/fuzz
program=$PWD/target/fuzz/$host/release/fuzzer

mkdir -p target/fuzz/crashes
rows=() passed=0 failed=0
for target in "${targets[@]}"; do
  found=target/fuzz/found/$target log=target/fuzz/$target.log
  mkdir -p "$found"
  echo "=== $target, $seconds s"
  status=0
  FUZZ_TARGET=$target "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="target/fuzz/crashes/$target-" "$found" "crates/fuzz/corpus/$target" \
    >"$log" 2>&1 || status=$?
  tries=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(sed -n 's/.*cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
  if [ "$status" = 0 ]; then
    passed=$((passed + 1))
    echo "  ${tries:-?} tries, ${edges:-?} edges, no crash"
  else
    failed=$((failed + 1))
    tail -n 30 "$log"
  fi
  rows+=("| $target | ${tries:-?} | ${edges:-?} | $([ "$status" = 0 ] && echo none || echo FOUND) |")
done
if [ "$full" = yes ] && [ "$failed" = 0 ]; then
  {
    echo "# Parsers of strangers' bytes, fuzzed"
    echo
    echo "\`scripts/verify/fuzz.sh\`, part of \`make verify\`; $(date -u +%Y-%m-%d), $(nproc) cores, $(rustc --version | cut -d ' ' -f 1-2)."
    echo "libFuzzer, $seconds s a target, each input at most 10 s and 2 GiB; the seeds are \`crates/fuzz/corpus/\`, which \`make test\`"
    echo "replays."
    echo
    echo "| target | inputs tried | edges of the code reached | crashes |"
    echo "| --- | --- | --- | --- |"
    printf '%s\n' "${rows[@]}"
  } >docs/evidence/fuzz.md
fi
echo "fuzz: $passed passed, $failed failed"
[ "$failed" = 0 ]

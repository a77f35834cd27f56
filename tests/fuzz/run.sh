#!/bin/sh
# Builds the fuzzer with coverage and runs it for SECONDS (600) from the runbooks of the tests; needs a nightly compiler.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
seconds=${1:-600}
target=${CARGO_TARGET_DIR:-$here/target}
corpus=$target/fuzz-corpus
mkdir -p "$corpus"
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1"
cargo +nightly build --release --manifest-path "$here/Cargo.toml" --target x86_64-unknown-linux-gnu --target-dir "$target"
exec "$target/x86_64-unknown-linux-gnu/release/read" "$corpus" "$here/../it/support/understood" "$here/../it/support/runbooks" \
    -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$target/"

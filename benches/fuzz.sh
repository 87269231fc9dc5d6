#!/usr/bin/env bash
# Steps per CPU second inside libFuzzer: the seeds of the corpus are run several times by the instrumented target.
# What fuzzing has added to the corpus stays out: it differs from clone to clone.
# The argument is the target directory that the target was built in.
set -euo pipefail

runs=5
seeds=(corpus/layered_cursor/swarm-*)
target=$(find "$1" -path '*/release/layered_cursor' -type f | head -n 1)
steps=$(cargo run --quiet --locked --release -- stats --json "${seeds[@]}" | sed -n 's/^  "steps": \([0-9]*\),$/\1/p')

log=$(mktemp)
trap 'rm -f "$log"' EXIT
TIMEFORMAT='%U %S'
if ! seconds=$({ time "$target" -runs=$runs "${seeds[@]}" >"$log" 2>&1; } 2>&1); then
    tail -n 40 "$log"
    echo "the target failed: $target" >&2
    exit 1
fi
awk -v steps="$steps" -v runs="$runs" -v seconds="$seconds" 'BEGIN {
    split(seconds, cpu, " ")
    printf "libFuzzer    %12.0f compared steps per CPU second (%d steps, %d times)\n", \
        steps * runs / (cpu[1] + cpu[2]), steps, runs
}'

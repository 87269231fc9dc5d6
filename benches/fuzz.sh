#!/usr/bin/env bash
# Steps per CPU second inside libFuzzer: every program of the corpus is run several times by the instrumented target.
# The argument is the target directory that the target was built in.
set -euo pipefail

runs=20
target=$(find "$1" -path '*/release/layered_cursor' -type f | head -1)
steps=$(cargo run --quiet --locked --release -- stats --json corpus/layered_cursor | sed -n 's/^  "steps": \([0-9]*\),$/\1/p')

TIMEFORMAT='%U'
seconds=$({ time "$target" -runs=$runs corpus/layered_cursor/* >/dev/null 2>&1; } 2>&1)
awk -v steps="$steps" -v runs="$runs" -v seconds="$seconds" 'BEGIN {
    printf "libFuzzer    %12.0f compared steps per CPU second (%d steps, %d times)\n", steps * runs / seconds, steps, runs
}'

#!/bin/sh
# How much of the layered cursor the seed corpus reaches, and what it does not reach; see docs/coverage.md.
#
# The engine is built with the planted faults, none of which is active when the corpus and the programs are replayed. What
# runs only when one is active belongs to the fault and is not counted.
#
# LLVM: the directory of llvm-cov and llvm-profdata, if they are not those of rustup or of Debian's newest package.
set -eu
cd "$(dirname "$0")/.."

SOURCES=src/engine/layered
OUT=target/coverage
HOST=$(rustc -vV | sed -n 's/^host: //p')

has_tools() {
    [ -x "$1/llvm-cov" ] && [ -x "$1/llvm-profdata" ]
}

# The tools have to be as new as the compiler's LLVM, or nearly so. A directory that was named is the only one looked at.
find_tools() {
    if [ -n "${LLVM:-}" ]; then
        set -- "$LLVM"
    else
        set -- "$(rustc --print sysroot)/lib/rustlib/$HOST/bin" \
            $(ls -d /usr/lib/llvm-*/bin 2>/dev/null | sort -t- -k2 -rn)
    fi
    for dir do
        if has_tools "$dir"; then
            echo "$dir"
            return
        fi
    done
    echo "coverage needs llvm-cov and llvm-profdata, which are missing${LLVM:+ in $LLVM}:" \
        "\`rustup component add llvm-tools\`, or a package such as Debian's llvm-19;" \
        "LLVM=DIRECTORY says where they are otherwise" >&2
    exit 2
}

# What one run of the tool executes goes to a profile of its own.
replay() {
    profile=$1
    shift
    LLVM_PROFILE_FILE="$OUT/$profile.profraw" "$TOOL" replay "$@" >"$OUT/$profile.log" 2>&1
}

# Everything that the profiles of these names have.
merge() {
    into=$1
    shift
    if ! "$LLVM/llvm-profdata" merge -sparse "$@" -o "$OUT/$into.profdata"; then
        echo "the llvm-profdata in $LLVM cannot read what this rustc ($(rustc -vV | sed -n 's/^LLVM version: /LLVM /p'))" \
            "writes: \`rustup component add llvm-tools\` has one that can" >&2
        exit 2
    fi
}

# File, regions, missed regions; of each file below SOURCES and of all.
regions() {
    "$LLVM/llvm-cov" report "$TOOL" -instr-profile "$OUT/$1.profdata" -use-color=false "$SOURCES" |
        awk '/\.rs |^TOTAL / { print $1, $2, $3 }'
}

# File:line and count of each line below SOURCES.
lines() {
    "$LLVM/llvm-cov" export "$TOOL" -instr-profile "$OUT/$1.profdata" -format=lcov "$SOURCES" |
        awk -F '[:,]' -v sources="$SOURCES/" '
            /^SF:/ { file = $2; sub(".*" sources, "", file) }
            /^DA:/ { print file ":" $2, $3 }'
}

LLVM=$(find_tools)
# Naming the target keeps the instrumentation out of build scripts and macros.
RUSTFLAGS=-Cinstrument-coverage \
    cargo build --locked --release --features faults --target "$HOST" --target-dir "$OUT/build"
TOOL=$OUT/build/$HOST/release/lockstep
rm -f "$OUT"/*.profraw "$OUT"/*.profdata

PROGRAMS="tests/conformance tests/truth_table tests/regressions tests/events tests/examples tests/faults tests/outcomes"
echo "replaying corpus/layered_cursor"
replay corpus corpus/layered_cursor || { cat "$OUT/corpus.log"; exit 1; }
echo "replaying the programs under tests"
replay programs $PROGRAMS || { cat "$OUT/programs.log"; exit 1; }
echo "replaying tests/faults with the faults"
for program in tests/faults/*.ops; do
    fault=$(basename "$program" | sed 's/-.*//')
    # They end in a mismatch, if not in a panic.
    LOCKSTEP_FAULT=$fault replay "fault-$fault" "$program" || true
done
merge corpus "$OUT/corpus.profraw"
merge programs "$OUT/corpus.profraw" "$OUT/programs.profraw"
merge faults "$OUT"/*.profraw
for name in corpus programs faults; do
    regions $name >"$OUT/$name.regions"
    lines $name >"$OUT/$name.lines"
done

echo
echo "regions of $SOURCES, without those of planted faults:"
awk -v dir="$OUT/" '
    FILENAME == dir "corpus.regions" { order[++files] = $1; all[$1] = $2; corpus[$1] = $3; next }
    FILENAME == dir "programs.regions" { programs[$1] = $3; next }
    { planted[$1] = programs[$1] - $3 }
    END {
        printf "%-14s %8s %8s %8s %22s\n", "", "regions", "missed", "corpus", "corpus and programs"
        for (i = 1; i <= files; i++) {
            file = order[i]
            own = all[file] - planted[file]
            missed = corpus[file] - planted[file]
            printf "%-14s %8d %8d %7.2f%% %21.2f%%\n", file, own, missed, 100 * (own - missed) / own,
                100 * (own - programs[file] + planted[file]) / own
        }
    }' "$OUT/corpus.regions" "$OUT/programs.regions" "$OUT/faults.regions"

echo
echo "lines that the corpus does not reach, without those of planted faults:"
awk -v dir="$OUT/" '
    FILENAME == dir "corpus.lines" { if ($2 == 0) missed[++count] = $1; next }
    FILENAME == dir "programs.lines" { programs[$1] = $2; next }
    { faults[$1] = $2 }
    END {
        for (i = 1; i <= count; i++) {
            line = missed[i]
            if (programs[line] > 0) print "    " line, "(the programs under tests do)"
            else if (faults[line] == 0) print "    " line
        }
    }' "$OUT/corpus.lines" "$OUT/programs.lines" "$OUT/faults.lines"

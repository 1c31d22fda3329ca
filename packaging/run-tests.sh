#!/bin/bash
# Builds everything and runs all tests; installs what is missing. Tests that need ONNX Runtime as a judge get it by pip
# into a virtual environment in the build folder; where it cannot be had they say SKIP and why, and the rest still runs.
#
#   run-tests.sh [PRESET] [ctest options]     (preset: dev by default; asan, tsan, release)
set -euo pipefail
cd "$(dirname "$0")/.."

preset=dev
case "${1:-}" in
    dev | asan | tsan | release) preset=$1; shift ;;
esac
groups=(core tests)
[ "$preset" = tsan ] || groups+=(window)
packaging/install-dependencies.sh "${groups[@]}"

# The judge: the newest ONNX Runtime, and an older one (its fusions differ).
judge=build/judge
mkdir -p build
if [ -z "${QUANTOSCOPE_PYTHON:-}" ]; then
    if packaging/make-judge.sh "$judge"; then
        export QUANTOSCOPE_PYTHON=$PWD/$judge/current/bin/python
        export QUANTOSCOPE_PYTHON_OLDER=$PWD/$judge/older/bin/python
    else
        echo "No ONNX Runtime from pip: the tests that need it as a judge are skipped."
    fi
fi

# Said, since a folder that was configured without the window (checks.sh does) remembers it.
window=ON
[ "$preset" != tsan ] || window=OFF
cmake --preset "$preset" -DQUANTOSCOPE_BUILD_UI=$window >"build/configure-$preset.log" || { cat "build/configure-$preset.log"; exit 1; }
cmake --build --preset "$preset"
exec ctest --preset "$preset" -j "$(nproc)" "$@"

#!/bin/bash
# From a bare machine to the built-in demo: installs what is missing, builds, opens the window with a trained vision
# transformer and images. With --headless, or where there is no display, it runs the same road in the command line and
# prints a table and where the quantized model and the report lie.
#
#   quickstart.sh [--headless] [OUTPUT-FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

headless=no
[ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || headless=yes
if [ "${1:-}" = --headless ]; then
    headless=yes
    shift
fi
output=${1:-quantoscope-demo}

if [ $headless = yes ]; then
    packaging/install-dependencies.sh core
    cmake --preset release -B build/headless -DQUANTOSCOPE_BUILD_UI=OFF -DQUANTOSCOPE_BUILD_TESTS=OFF \
          -DQUANTOSCOPE_BUILD_BENCHMARKS=OFF >/dev/null
    cmake --build build/headless --target quantoscope-cli
    exec build/headless/app/quantoscope-cli demo -o "$output"
fi
packaging/install-dependencies.sh core window
cmake --preset release -DQUANTOSCOPE_BUILD_TESTS=OFF -DQUANTOSCOPE_BUILD_BENCHMARKS=OFF >/dev/null
cmake --build build/release --target quantoscope quantoscope-cli
exec build/release/app/quantoscope --demo

#!/bin/bash
# From a bare machine to the built-in demos: installs what is missing, builds, opens the window with a trained vision
# transformer and images. With --headless, or where there is no display, it runs both demos (classes of images, classes of
# pixels) in the command line and prints their tables and where the quantized models and the reports lie.
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
    build/headless/app/quantoscope-cli demo -o "$output"
    echo
    exec build/headless/app/quantoscope-cli demo --task segmentation -o "$output/segmentation"
fi
packaging/install-dependencies.sh core window
cmake --preset release -DQUANTOSCOPE_BUILD_TESTS=OFF -DQUANTOSCOPE_BUILD_BENCHMARKS=OFF >/dev/null
cmake --build build/release --target quantoscope quantoscope-cli
exec build/release/app/quantoscope --demo

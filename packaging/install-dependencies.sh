#!/bin/bash
# Installs the Debian packages that are missing. Needs root, or sudo.
#
#   install-dependencies.sh [core] [window] [tests] [checks]     (default: the first three; checks: clang's tools)
set -euo pipefail

core=(g++ cmake ninja-build ccache libeigen3-dev libhwy-dev libxxhash-dev libexpected-dev nlohmann-json3-dev
      libprotobuf-dev protobuf-compiler libonnx-dev libcli11-dev
      libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev)
window=(qt6-base-dev libqt6svg6-dev libgl-dev libqcustomplot-dev fonts-dejavu-core)
tests=(libgtest-dev libgmock-dev libbenchmark-dev python3 python3-venv xvfb xauth)
checks=(clang-format-14 clang-tidy-14)

wanted=()
for group in "${@:-core window tests}"; do
    for name in $group; do
        declare -n packages=$name
        wanted+=("${packages[@]}")
    done
done

missing=()
for package in "${wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

command -v apt-get >/dev/null || {
    echo "install-dependencies.sh knows Debian's and Ubuntu's packages only; please install: ${missing[*]}" >&2
    exit 1
}
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)
echo "Installing ${#missing[@]} packages: ${missing[*]}"
"${root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null

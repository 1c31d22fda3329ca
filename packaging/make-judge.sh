#!/bin/bash
# Makes the virtual environments with ONNX Runtime that tests compare with: FOLDER/current and FOLDER/older.
#
#   make-judge.sh FOLDER
set -uo pipefail
folder=$1
mkdir -p "$folder"

# environment NAME PACKAGES...: done once; a half-made environment is made again.
environment() {
    local place=$folder/$1
    shift
    [ -e "$place/complete" ] && [ "$(cat "$place/complete")" = "$*" ] && return 0
    rm -rf "$place"
    python3 -m venv "$place" &&
        "$place/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 20 "$@" >"$folder/pip.log" 2>&1 &&
        echo "$*" >"$place/complete"
}

environment current numpy pillow onnx 'onnxruntime>=1.22' pycocotools && environment older 'numpy<2.3' onnx==1.17.0 onnxruntime==1.20.1

#!/bin/sh
# run.sh COUNT SEED [further options of campaign.py]: by hand, for hours. QUANTOSCOPE_PYTHON names the Python, DIFFER the tool.
here=$(dirname "$0")
count=${1:-2000}
seed=${2:-$(date +%s)}
[ $# -gt 2 ] && shift 2 || set --
exec "${QUANTOSCOPE_PYTHON:-python3}" "$here/campaign.py" "${DIFFER:-$here/../../build/dev/tests/random/differ}" \
     --count "$count" --seed "$seed" --kept "$here/kept" "$@"

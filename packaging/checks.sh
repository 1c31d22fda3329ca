#!/bin/bash
# What a machine can check and the tests do not, each by its name (default: all):
#   headless   core, command line and their tests without Qt
#   sanitize   the command line, its tests and the fuzzed files under AddressSanitizer and UBSan, warnings are errors
#   tidy       clang-tidy on the sources that the last commits changed
# .ci/run does not call it yet: its time on two cores is not measured. The format of the tree is a test (rules.format).
set -euo pipefail
cd "$(dirname "$0")/.."

headless() {
    cmake --preset dev -DQUANTOSCOPE_BUILD_UI=OFF && cmake --build --preset dev
}

sanitize() {
    cmake --preset asan -DQUANTOSCOPE_BUILD_UI=OFF &&
        cmake --build --preset asan --target quantoscope-cli test_app replay_import replay_project &&
        ctest --preset asan -R '^(fuzz|app)\.' -j "$(nproc)"
}

# Sources that the last ten commits changed, at most 16: as many as fit. .clang-tidy says what is an error.
tidy() {
    local sources
    mapfile -t sources < <(git log -n 10 --name-only --diff-filter=AM --pretty=format: -- 'app/*.cpp' 'core/*.cpp' |
        awk 'NF && !seen[$0]++' | while read -r file; do [ -e "$file" ] && echo "$file"; done | head -n 16)
    [ ${#sources[@]} -gt 0 ] || return 0
    mkdir -p build/tidy # GCC's own options are none of clang's
    sed 's/-fvect-cost-model=[a-z]*//g' build/dev/compile_commands.json >build/tidy/compile_commands.json
    printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy-14 --quiet -p build/tidy
}

failed=()
for name in "${@:-headless sanitize tidy}"; do
    for one in $name; do
        begin=$SECONDS
        if (set -e; "$one"); then
            echo "check: $one passed, $((SECONDS - begin)) s"
        else
            failed+=("$one")
            echo "check: $one FAILED, $((SECONDS - begin)) s"
        fi
    done
done
[ ${#failed[@]} -eq 0 ]

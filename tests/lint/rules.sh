#!/usr/bin/env bash
# The house rules that a machine can check, one a call; each prints what breaks it.
# usage: rules.sh format | tidy BUILD_DIR | headers COMPILER [FLAG…] | doors | sizes | banned | scripts
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Files of the repository whose names match; without git (a source archive) all that lie there.
tracked() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files -- "$@" | while read -r file; do [ ! -e "$file" ] || echo "$file"; done
    else
        local pattern
        for pattern in "$@"; do
            find . \( -name node_modules -o -name dist -o -path './build*' \) -prune -o \
                -type f -path "./${pattern/#\*/*}" -print | sed 's,^\./,,'
        done
    fi
}

# Like grep -E, but finding nothing is no failure.
search() {
    grep -E "$1" || [ $? = 1 ]
}

# complain RULE: what comes in breaks the rule; no lines, no complaint.
complain() {
    local lines
    lines=$(cat)
    [ -n "$lines" ] || return 0
    printf '%s\n' "$1" "$lines" >&2
    return 1
}

# What is left of C files without comments, and without strings but for includes: FILE:LINE:TEXT.
code_of() {
    awk '
        FNR == 1 { inside = 0 }
        {
            text = $0; out = ""
            while (length(text)) {
                if (inside) {
                    end = index(text, "*/")
                    if (!end) { text = ""; break }
                    text = substr(text, end + 2); inside = 0
                } else if (match(text, /\/\*|\/\/|"([^"\\]|\\.)*"/)) {
                    mark = substr(text, RSTART, 2)
                    if (substr(mark, 1, 1) == "\"") {
                        kept = $0 ~ /^#include/ ? RLENGTH : 1
                        out = out substr(text, 1, RSTART + kept - 1)
                        text = substr(text, RSTART + RLENGTH)
                    } else {
                        out = out substr(text, 1, RSTART - 1)
                        if (mark == "//") { text = ""; break }
                        text = substr(text, RSTART + 2); inside = 1
                    }
                } else { out = out text; text = "" }
            }
            print FILENAME ":" FNR ":" out
        }' "$@"
}

# door PATTERN WHERE: only files under WHERE (a regular expression) may have it.
door() {
    local files
    mapfile -t files < <(tracked 'server/*.c' 'server/*.h' 'include/*.h' | grep -vE "^($2)")
    code_of "${files[@]}" | search "$1" | complain "only $2 may use $1:"
}

rule_format() {
    tracked '*.c' '*.h' | xargs clang-format --dry-run -Werror
}

rule_tidy() {
    local database=$1/compile_commands.json
    [ -f "$database" ] || complain "there is no database of compile commands:" <<<"$database"
    tracked 'server/*.c' |
        xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$1" 2> >(grep -v 'warnings generated' >&2)
}

# Twice, so that its guard is tried too.
rule_headers() {
    local header name failed=0
    for header in $(tracked 'include/berth/*.h'); do
        name=${header#include/}
        printf '#include "%s"\n#include "%s"\nextern int unused;\n' "$name" "$name" |
            "$@" -Iinclude -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -x c - ||
            failed=1
    done
    return $failed
}

rule_doors() {
    local failed=0
    door '#include [<"]civetweb\.h' 'server/http/' || failed=1
    door '#include <archive(_entry)?\.h' 'server/bundle/' || failed=1
    door '#include [<"]sqlite3\.h' 'server/registry/sqlite' || failed=1
    door '#include [<"]libpq-fe\.h' 'server/registry/postgres' || failed=1
    door '#include [<"]curl/' 'server/cli/' || failed=1
    door '#include <brotli/' 'server/variant/' || failed=1
    door '\<json_(load|dump)(s|b|f|fd|_file|_callback)?[[:space:]]*\(' 'server/base/json\.c' || failed=1
    return $failed
}

rule_sizes() {
    tracked 'server/*.c' 'server/*.h' | xargs wc -l | awk '$2 != "total" && $1 > 500' |
        complain 'files over 500 lines:'
}

rule_banned() {
    local files
    mapfile -t files < <(tracked 'server/*.c' 'server/*.h' 'include/*.h')
    code_of "${files[@]}" |
        search '\<(strcpy|strcat|sprintf|vsprintf|gets|strtok|system|popen)[[:space:]]*\(' |
        complain 'calls that are not made here:'
}

rule_scripts() {
    local file failed=0
    for file in $(tracked '*' | grep -vE '\.(c|h|ts|tsx|mjs|json|md|css|svg)$'); do
        if head -n 1 "$file" | grep -qE '^#!.*\<(bash|sh)\>'; then
            bash -n "$file" || failed=1
        fi
    done
    return $failed
}

rule=${1:?which rule?}
shift
"rule_$rule" "$@"

# What the scripts share. Sourced, not run.
# shellcheck shell=bash
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '==> %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

# quietly COMMAND…: its output only if it fails.
quietly() {
    local output
    output=$("$@" 2>&1) || {
        printf '%s\n' "$output" >&2
        die "this failed: $*"
    }
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "packages are missing and this is neither root nor a machine with sudo" \
            "as root: apt-get install ${*: -1}"
    fi
}

# install_packages PACKAGE…: only those that are missing, and apt only if there are any.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "${missing[@]}"
}

node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

# Node for building: Debian's own (18) is enough. A machine that has a newer one keeps it.
install_node() {
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        install_packages nodejs npm
    fi
    [ "$(node_major)" -ge 18 ] || die "Node $(node --version) is too old: 18 or newer is needed"
}

# What the test tools want is newer than Debian's (rspack asks for 20.19); npm has it as a package.
need_new_node() {
    install_node
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' &&
        return
    local tools=$root/build/tools
    if [ ! -x "$tools/node_modules/node/bin/node" ]; then
        say "fetching Node 20 for the tests (npm's node package)"
        mkdir -p "$tools"
        npm install --silent --no-audit --no-fund --prefix "$tools" node@20.20.2
    fi
    export PATH=$tools/node_modules/node/bin:$PATH
}

# The tool alone: the package that it is in would start a server of its own on this machine.
need_promtool() {
    command -v promtool >/dev/null && return
    local tools=$root/build/tools
    if [ ! -x "$tools/promtool" ]; then
        say "fetching promtool (out of Debian's package prometheus)"
        mkdir -p "$tools/prometheus"
        (
            cd "$tools/prometheus"
            apt-get download -qq prometheus 2>/dev/null || {
                quietly as_root apt-get update -qq
                quietly apt-get download -qq prometheus
            }
            dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --strip-components=3 ./usr/bin/promtool
            mv promtool "$tools/promtool"
        )
        rm -rf "$tools/prometheus"
    fi
    export PROMTOOL=$tools/promtool
}

# sources_digest DIR [PATH…]: a folder's sources as one digest, and what its build reads elsewhere (seen from the
# folder): what tells whether it must be built again.
sources_digest() {
    (cd "$1" && find . "${@:2}" \( -name node_modules -o -name dist \) -prune -o -type f -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
}

# npm_ci DIR: only when the lockfile is not what is installed.
npm_ci() {
    local stamp=$1/node_modules/.berth-lock digest
    digest=$(sha256sum "$1/package-lock.json" | cut -d' ' -f1)
    [ "$(cat "$stamp" 2>/dev/null)" != "$digest" ] || return 0
    say "installing npm packages of ${1#"$root"/}"
    (cd "$1" && quietly npm ci --no-audit --no-fund)
    echo "$digest" >"$stamp"
}

# npm_build DIR [PATH…]: `npm run build`, only when something changed, there or at those paths.
npm_build() {
    local digest
    npm_ci "$1"
    digest=$(sources_digest "$@")
    [ "$(cat "$1/dist/.berth-stamp" 2>/dev/null)" != "$digest" ] || return 0
    say "building ${1#"$root"/}"
    (cd "$1" && npm run --silent build)
    echo "$digest" >"$1/dist/.berth-stamp"
}

build_packages=(build-essential cmake ninja-build pkg-config ca-certificates libcivetweb-dev
    libjansson-dev libarchive-dev libsqlite3-dev libcurl4-openssl-dev libssl-dev zlib1g-dev
    libzstd-dev libbrotli-dev libunistring-dev libseccomp-dev)
test_packages=(libcmocka-dev clang clang-format clang-tidy libclang-rt-14-dev python3 curl strace zsh fish
    chromium firefox-esr webkit2gtk-driver libwebkit2gtk-4.1-0 xvfb zip zstd git
    libarchive-tools p7zip-full openssl nginx caddy debootstrap dpkg-dev python3-jsonschema)
# The peers, and what loads them.
bench_packages=(nginx h2o caddy wrk iproute2)

# build_server PRESET
build_server() {
    say "building the server ($1)"
    (cd "$root" && quietly cmake --preset "$1")
    cmake --build "$root/build/$1" -- --quiet
}

build_frontends() {
    local part
    for part in shell header-app home-app publish; do
        npm_build "$root/frontends/$part"
    done
    npm_build "$root/frontends/console" ../../manifests/page.schema.json
    npm_build "$root/frontends/mf-plugin" ../shell/src
}

#!/usr/bin/env bash
# The Debian package in a fresh Debian 12: it installs, serves its console, is upgraded and purged, and
# leaves nothing behind that it should not.
#
# usage: tests/operations/package.sh [PACKAGE.deb]
#
# Without a name it takes what scripts/package made. As root, or with sudo. It packs a newer one of the
# same contents itself.
set -euo pipefail
[ "$(id -u)" = 0 ] || exec sudo -- "$0" "$@"
here=$(cd "$(dirname "$0")/../.." && pwd)
package=$(realpath "${1:-$(ls "$here"/build/package/*.deb)}")
work=$(mktemp -d /tmp/berth-package-XXXXXX)
root=$work/root
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    umount "$root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT

failed=0
check() { # check SENTENCE COMMAND…
    local sentence=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        echo "ok - $sentence"
    else
        echo "not ok - $sentence"
        cat "$work/output"
        failed=1
    fi
}
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
install() { cp "$1" "$root/tmp/berth.deb" && inside apt-get install -y -qq --no-install-recommends /tmp/berth.deb; }
missing() { [ ! -e "$root$1" ]; }

mirror=$(awk '/^deb / && $2 !~ /^\[/ {print $2; exit} /^URIs:/ {print $2; exit}' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true)
debootstrap --variant=minbase bookworm "$root" "${mirror:-http://deb.debian.org/debian}" >"$work/debootstrap" 2>&1 ||
    { tail -20 "$work/debootstrap" && exit 1; }
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
mount -t proc proc "$root/proc"
inside apt-get update -qq

check 'it installs with what it needs' install "$package"
check 'the command runs' inside berth --version
check 'its settings are sound' inside berth serve --check --config /etc/berth/berth.conf
check 'its directory is for its user alone' inside sh -c '[ "$(stat -c "%U %a" /var/lib/berth)" = "berth 700" ]'
check 'the manual is there' inside test -s /usr/share/man/man1/berth.1.gz -o -s /usr/share/man/man1/berth.1
check 'the service may do little' sh -c "! command -v systemd-analyze >/dev/null ||
    systemd-analyze security --offline=true --threshold=20 '$root/lib/systemd/system/berth.service' ||
    systemd-analyze security --offline=true --threshold=20 '$root/usr/lib/systemd/system/berth.service'"

start() { # start [OPTION…]: as the service starts it, but on ports of its own.
    : >"$work/log"
    inside setpriv --reuid berth --regid berth --init-groups berth serve --config /etc/berth/berth.conf \
        --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 "$@" >"$work/log" 2>&1 &
    for _ in $(seq 600); do
        grep -q '"listener":"public"' "$work/log" && break
        sleep 0.1
    done
    server=$(sed -n 's/.*"listener":"public".*"pid":\([0-9]*\).*/\1/p' "$work/log")
    [ -n "$server" ] || return 1
    admin=http://$(sed -n 's/.*"listener":"admin","address":"\([^"]*\)".*/\1/p' "$work/log")
    public=http://$(sed -n 's/.*"listener":"public","address":"\([^"]*\)".*/\1/p' "$work/log")
}
stop() {
    kill "$server"
    wait
    server=
}
console() { # console TEXT: what is at the admin address has it, in a moment.
    local page
    for _ in $(seq 600); do
        page=$(curl -sS "$admin/")
        case $page in *"$1"*) return ;; esac
        sleep 0.1
    done
    echo "$page"
    grep console "$work/log"
    return 1
}
berth() {
    inside env BERTH_SERVER="$admin" BERTH_TOKEN="$(cat "$root/var/lib/berth/admin.token")" berth "$@"
}

start || { cat "$work/log"; exit 1; }
check 'its console is there without a further step' console '<title>Berth console</title>'
mkdir "$root/tmp/dist"
echo 'export const greet = () => "hello";' >"$root/tmp/dist/index.js"
check 'a bundle is published' berth push greet@1.0.0 /tmp/dist --activate
check 'nothing about it is to be fixed' berth doctor "$public"
stop

# A newer package with a console of its own; the administrator has changed a setting.
dpkg-deb -R "$package" "$work/newer"
sed -i 's/^Version: .*/Version: 999.0.0/' "$work/newer/DEBIAN/control"
sed -i 's/"version":"[^"]*"/"version":"999.0.0"/' "$work/newer/usr/share/berth/console/package.json"
sed -i 's/Berth console/The newer console/' "$work/newer/usr/share/berth/console/index.html"
dpkg-deb --root-owner-group -b "$work/newer" "$work/newer.deb" >/dev/null
echo 'max-uploads = 7' >>"$root/etc/berth/berth.conf"
check 'it is upgraded' install "$work/newer.deb"
check 'settings that were changed are kept' grep -q 'max-uploads = 7' "$root/etc/berth/berth.conf"
start || { cat "$work/log"; exit 1; }
check 'what was live is live after it' sh -c "curl -fsS $public/manifests/remotes.json | grep -q greet@1.0.0"
check 'its console is the newer one' console '<title>The newer console</title>'
check 'and the one before is the way back' berth rollback @berth/console --reason 'as it was'
stop
start || { cat "$work/log"; exit 1; }
check 'a console that was rolled back is still there' console '<title>Berth console</title>'
stop
check 'and no start takes it away' sh -c "! grep -q console-published '$work/log'"

# What an older berth has left, in a directory of its own.
old=$(find "$here/tests/data/registry" -name 'schema-*.db' | sort -V | tail -n 1)
command install -d -o "$(stat -c %u "$root/var/lib/berth")" -g "$(stat -c %g "$root/var/lib/berth")" -m 0700 "$root/srv/older"
cp "$old" "$root/srv/older/db"
chown --reference="$root/srv/older" "$root/srv/older/db"
start --data /srv/older || { cat "$work/log"; exit 1; }
check 'a database of the schema before is brought to the present one' grep -q '"event":"database-upgraded"' "$work/log"
check 'what was live in it is live' sh -c "curl -fsS $public/manifests/remotes.json | grep -q '\"header-app\"'"
check 'a copy for the way back is kept' test -s "$root/srv/older/db.$(basename "$old" .db)"
stop
rm -r "$root/srv/older"

check 'it is removed' inside apt-get remove -y -qq berth
check 'versions outlive a removal' test -s "$root/var/lib/berth/db"
check 'it is purged' inside apt-get purge -y -qq berth
for path in /var/lib/berth /etc/berth /usr/bin/berth /usr/share/berth /lib/systemd/system/berth.service; do
    check "a purge takes $path away" missing "$path"
done
check 'a purge takes its user away' sh -c "! grep -q ^berth: '$root/etc/passwd'"
exit $failed

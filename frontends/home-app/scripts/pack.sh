#!/bin/sh
# Packs dist/VERSION as dist/NAME-VERSION.tgz, its files under one top folder dist/.
# The same files give the same bytes: no names, times, owners or umask of the machine get in.
# Run by npm, from the package's folder: pack.sh VERSION...
set -eu

for version; do
  archive="dist/$npm_package_name-$version.tgz"
  tar --create --file="$archive.tmp" --use-compress-program='gzip -9n' \
    --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    --directory=dist --transform="s,^$version,dist," "$version"
  mv "$archive.tmp" "$archive"
  echo "$archive"
done

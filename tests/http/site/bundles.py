"""Archives as build tools make them, and as attackers do."""

import gzip
import io
import subprocess
import tarfile
import zipfile

# What webpack writes for a container in production mode, cut down to what is read of it.
CONTAINER = """var %(name)s;(()=>{"use strict";var e={983:(e,r,t)=>{var n={"./Header":()=>t.e(456).then(()=>\
()=>t(913))},o=(e,r)=>(t.R=r,r=t.o(n,e)?n[e]():Promise.resolve().then(()=>{throw new Error('Module "'+e+'" does \
not exist in container.')}),t.R=void 0,r);t.d(r,{get:()=>o})}};function S(r){var t={exports:{}};return \
e[r](t,t.exports,S),t.exports}S.e=e=>Promise.resolve(e),S.u=e=>e+"."+{456:"7d31690c"}[e]+".js",(()=>{var e={},\
r=self.webpackChunk%(name)s=self.webpackChunk%(name)s||[];r.forEach(e=>e)})();var k=S(983);%(name)s=k})();
//# %(mark)s
"""


def container(mark="", name="appHeader"):
    """remoteEntry.js of a classic container; `mark` makes its bytes differ."""
    return (CONTAINER % {"name": name, "mark": mark}).encode()


def files(mark="", **more):
    """A small build. `more` maps paths (with __ for a dot) to bytes; use update() for odd names."""
    build = {"remoteEntry.js": container(mark),
             "456.7d31690c.js": b"console.log(%r)\n" % mark}
    build.update({path.replace("__", "."): data for path, data in more.items()})
    return build


def member(name, data=b"", type=tarfile.REGTYPE, linkname="", **more):
    """One member of a tar, of any kind."""
    info = tarfile.TarInfo(name)
    info.type = type
    info.size = len(data)
    info.linkname = linkname
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def tar(contents, format=tarfile.PAX_FORMAT):
    """A tar of {path: bytes} or of a list of member()s."""
    members = [member(path, data) for path, data in contents.items()] \
        if isinstance(contents, dict) else contents
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_gz(contents, level=6):
    return gzip.compress(tar(contents), level, mtime=0)


def tar_zst(contents):
    return subprocess.run(["zstd", "-q", "-c"], input=tar(contents), stdout=subprocess.PIPE,
                          check=True).stdout


def zip_(contents, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        items = contents.items() if isinstance(contents, dict) else contents
        for name, data in items:
            archive.writestr(name, data)
    return out.getvalue()


def zip_link(contents, name, target):
    """A zip with a Unix symbolic link in it."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = 0o120777 << 16
    return zip_([*contents.items(), (info, target)])


def bundle(mark="", **more):
    """The usual upload: a .tar.gz of files()."""
    return tar_gz(files(mark, **more))


def mf2_files(mark="", name="catalog"):
    """A build of @module-federation/enhanced: a manifest beside the container."""
    import json
    manifest = {
        "id": name, "name": name,
        "metaData": {"name": name, "type": "app", "globalName": name, "publicPath": "auto",
                     "pluginVersion": "2.9.2",
                     "buildInfo": {"buildVersion": mark or "1", "buildName": name},
                     "remoteEntry": {"name": "remoteEntry.js", "path": "", "type": "global"}},
        "shared": [{"id": name + ":react", "name": "react", "version": "18.3.1", "singleton": True,
                    "requiredVersion": "^18.2.0",
                    "assets": {"js": {"sync": [], "async": []}, "css": {"sync": [], "async": []}}}],
        "remotes": [],
        "exposes": [{"id": name + ":Header", "name": "Header", "path": "./Header",
                     "assets": {"js": {"sync": ["456.7d31690c.js"], "async": []},
                                "css": {"sync": [], "async": []}}}],
    }
    build = {"remoteEntry.js": container(mark, name), "456.7d31690c.js": b"console.log(%r)\n" % mark,
             "mf-manifest.json": json.dumps(manifest).encode()}
    return build

"""What is done to a server while calls are hit, and which states may be found afterwards."""

import atexit
import os
import shutil
import sqlite3
import subprocess
import tempfile

from invariants import Violation, demand
from shim import KILL
from subject import BERTH, NO_PEER, OLDER, OTHER_PAGE, PAGE, bundles, rows_of

NEW = bundles.bundle("new", more__js=b"const more = 'text';\n" * 40)


class Operation:
    """`run` does it and gives the reply. `middle` are steps on the way that may be found too, each made
    of the state before by a request of its own. Of `phase`:
        request   the server runs, and is asked
        start     the hits begin before the server starts
        stop      SIGTERM
        compress  the server starts, and compresses what there is
        console   the server starts, and publishes the console that it brings
        command   without a server: see commands.py
    `afterwards` looks for more when all is over: what the server may not need, and a person would.
    """

    def __init__(self, name, run=None, base="killed", middle=(), phase="request", more=(), why="", afterwards=None):
        self.name = name
        self.run = run
        self.base = base
        self.middle = middle
        self.phase = phase
        self.why = why
        self.afterwards = afterwards or (lambda world, data: None)
        self.options = ("--compress-threads", "1" if phase == "compress" else "0", *more)


def revoke(server):
    tokens = server.admin.get("/api/tokens").json["tokens"]
    token = [t for t in tokens if t["name"] == "ci"][0]
    return server.admin.call("DELETE", "/api/tokens/" + token["id"])


def rotate(server):
    tokens = server.admin.get("/api/tokens").json["tokens"]
    token = [t for t in tokens if t["name"] == "ci"][0]
    return server.admin.json("POST", "/api/tokens/%s/rotate" % token["id"], {"overlapSeconds": 3600})


class Cut:
    """Of an answer that began well and was cut: who asked knows that it has nothing."""

    status = 500
    rule = "cut"


def whole(ask):
    """An answer's head may be gone before a read fails, or before the server is killed."""
    def run(server):
        killed = server.shim and server.shim["mode"] == KILL
        try:
            reply = ask(server)
        except NO_PEER:
            if killed or not server.shim:
                raise
            return Cut()
        if killed and isinstance(reply, Cut):
            raise ConnectionResetError("the answer was cut")
        return reply
    return run


def backup(server):
    """One that is whole can be restored."""
    reply = server.admin.get("/api/backup")
    if reply.status == 200:
        with tempfile.TemporaryDirectory(dir=os.path.dirname(server.data)) as folder:
            path = os.path.join(folder, "backup.tar")
            with open(path, "wb") as file:
                file.write(reply.body)
            done = subprocess.run([BERTH, "restore", path, "--data", os.path.join(folder, "data")],
                                  capture_output=True, check=False)
        return reply if done.returncode == 0 else Cut()
    return reply


def delete(version):
    return lambda s: s.admin.call("DELETE", "/api/modules/a/versions/" + version)


def gc_versions(server):
    return server.admin.json("POST", "/api/gc", {"keepNewest": 1, "youngerThanDays": 0})


def check_kept(world, data):
    """Whatever happened, the older database is beside the new one, whole."""
    path = os.path.join(data, "db.schema-%d" % OLDER)
    demand(os.path.exists(path), "there is no copy of the older database")
    try:
        found, faults = rows_of(path)
    except sqlite3.Error as failure:
        raise Violation("the copy of the older database: %s" % failure) from failure
    demand(faults == [("ok",)], "the copy of the older database: %s", faults)
    before, _ = world.remember("older rows",
                               lambda world: rows_of(os.path.join(world.copy("older", world.folder()), "db")))
    demand(found == before, "the copy of the older database has other rows")


NPM = bundles.tar_gz({"package/package.json": b'{"name": "a", "version": "2.0.0"}',
                      **{"package/" + path: data for path, data in bundles.files("npm").items()}})
PILET = bundles.tar_gz({
    "package/package.json": b'{"name": "pilet", "version": "1.0.0", "main": "dist/index.js"}',
    "package/dist/index.js": b"//@pilet v:2(webpackChunkpr_a,{})\n"
                             b"System.register([],function(e){return{execute:function(){e({setup:function(){}})}}});\n"})
FORM = (b"--BOUND\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.tgz\"\r\n\r\n" + PILET +
        b"\r\n--BOUND--\r\n")
CONSOLE = tempfile.mkdtemp(prefix="berth-crash-console-")
atexit.register(shutil.rmtree, CONSOLE)
CONSOLE_FILES = {"index.html": b"<!doctype html><title>x</title>",
                 "package.json": b'{"name": "@berth/console", "version": "1.0.0"}'}
for name, data in CONSOLE_FILES.items():
    with open(os.path.join(CONSOLE, name), "wb") as file:
        file.write(data)


def post_pilet(server):
    """Uploads, and makes it live."""
    return server.admin.call("POST", "/api/v1/pilet", FORM, {
        "Content-Type": "multipart/form-data; boundary=BOUND", "Authorization": "Basic " + server.token}, token="")


def post_package(archive, query=""):
    return lambda s: s.admin.call("POST", "/api/bundles" + query, archive,
                                  {"Content-Type": "application/octet-stream"})


def wait_console(server):
    server.wait_log("console-published")


def upload_console(server):
    return server.upload("@berth/console", "1.0.0", bundles.tar(CONSOLE_FILES))


OPERATIONS = [
    Operation("upload", lambda s: s.upload("a", "2.0.0", NEW), why="a new version"),
    Operation("upload-module", lambda s: s.upload("c", "1.0.0", NEW), base="clean", why="of a new module"),
    Operation("upload-again", lambda s: s.upload("a", "1.1.0", bundles.bundle(
        "2", text__js=b"const text = 'compressible';\n" * 60)), why="the same contents"),
    Operation("upload-activate", lambda s: s.upload("a", "2.0.0", NEW, "?activate=true"),
              middle=(lambda s: s.upload("a", "2.0.0", NEW),), why="a new version that is live at once"),
    Operation("activate", lambda s: s.activate("a", "1.2.0"), why="make a version live"),
    Operation("rollback", lambda s: s.rollback("a"), why="and back"),
    Operation("page-create", lambda s: s.put_page("other", {**PAGE, "path": "/other"}), why="a new page"),
    Operation("page-replace", lambda s: s.put_page("home", OTHER_PAGE), why="a page's next revision"),
    Operation("page-delete", lambda s: s.admin.call("DELETE", "/api/pages/home"), why="a page goes"),
    Operation("imports", lambda s: s.admin.json(
        "PATCH", "/import-map.json", {"imports": {"react": "https://cdn.example/react.js"}, "scopes": {"/a/": {"b": "/b.js"}}}),
        why="import maps name more"),
    Operation("imports-delete", lambda s: s.admin.call("DELETE", "/services/react"), base="named",
              why="import maps name less"),
    Operation("package", post_package(NPM, "?activate=true"), middle=(post_package(NPM),),
              why="what npm pack makes, live at once"),
    Operation("pilet", post_pilet, middle=(post_package(PILET),), why="of Piral, live at once"),
    Operation("token-create", lambda s: s.admin.json(
        "POST", "/api/tokens", {"name": "more", "module": "a", "can": ["publish"]}), why="a new token"),
    Operation("token-revoke", revoke, why="a token ends"),
    Operation("token-rotate", rotate, why="a token gets a successor"),
    Operation("delete", delete("1.2.0"), why="a version that is not live goes"),
    Operation("gc", lambda s: s.admin.json("POST", "/api/gc", {}), base="deleted", why="blobs that no row names go"),
    # The last step on its way is that versions are gone, and blobs are not: it can be done again.
    Operation("gc-versions", gc_versions, base="old", middle=(delete("1.2.0"), delete("1.3.0"), gc_versions),
              why="two versions that nobody wants go"),
    Operation("backup", whole(backup), base="old", why="all of it is read"),
    Operation("get", whole(lambda s: s.public.get("/m/d@1.0.0/noise.bin")), base="large",
              more=("--cache-bytes", "0"), why="of a version that is not live, from the disk"),
    Operation("start-first", base="none", phase="start", why="no data directory yet"),
    Operation("start", base="clean", phase="start", why="after a clean stop"),
    Operation("start-killed", base="killed", phase="start", why="after a kill"),
    Operation("upgrade", base="older", phase="start", why="a database of an older schema, with a log",
              afterwards=check_kept),
    Operation("stop", phase="stop", why="SIGTERM, which merges the database's log"),
    Operation("console", wait_console, phase="console", more=("--console", CONSOLE),
              why="a start that publishes the console", middle=(upload_console,)),
    Operation("compress", phase="compress", why="variants of assets"),
    Operation("restore", base="none", phase="command", why="a data directory from a backup"),
    Operation("repair", base="damaged", phase="command", why="berth verify --repair"),
]
BY_NAME = {operation.name: operation for operation in OPERATIONS}

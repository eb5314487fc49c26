#!/usr/bin/env python3
"""Bundles made to do harm: each is refused with the member and the rule, and leaves nothing behind.

usage: BERTH_BIN=path/to/berth tests/http/site/test_hostile.py [TestCase[.test]]
"""

import gzip
import io
import os
import random
import struct
import tarfile
import zipfile
import zlib

import bundles
from bundles import member
from checked import CheckedCase
from harness import main


def with_members(*members):
    """A good build, then these."""
    return [member(path, data) for path, data in bundles.files("hostile").items()] + list(members)


def zip_with(patch, **more):
    """A zip whose bytes were changed by patch(bytearray)."""
    data = bytearray(bundles.zip_({**bundles.files("zip"), "extra.txt": b"extra"}, **more))
    patch(data)
    return bytes(data)


class Hostile(CheckedCase):
    def refused(self, archive, rule=None, where=None, status=422):
        reply = self.server.upload("hostile", "1.0.0", archive)
        self.assertStatus(reply, status)
        if rule is not None:
            self.assertIn(reply.rule, rule if isinstance(rule, tuple) else (rule,), reply)
        if where is not None:
            self.assertEqual(reply.json.get("where"), where, reply)
        return reply

    def tearDown(self):
        super().tearDown()
        self.assertEqual(self.admin.get("/api/modules/hostile").status, 404, "a version was left behind")
        self.assertEqual(self.public.get("/m/hostile@1.0.0/remoteEntry.js").status, 404)
        self.server.check_data()

    def test_names(self):
        deep = "/".join("d" * 17)
        for name, rule, where in (
                ("../evil.js", "path-parent", "../evil.js"),
                ("a/../../evil.js", "path-parent", "a/../../evil.js"),
                ("a/..", "path-parent", "a/.."),
                ("/etc/passwd", "path-absolute", "/etc/passwd"),
                ("a//b.js", "path-segment-empty", "a//b.js"),
                ("a/./b.js", "path-dot", "a/./b.js"),
                ("a\\b.js", "path-backslash", "a\\b.js"),
                ("..\\evil.js", "path-backslash", "..\\evil.js"),
                ("C:/evil.js", "path-drive", "C:/evil.js"),
                ("a\nb.js", "path-control", "a\\x0ab.js"),
                ("a\x1b[31m.js", "path-control", "a\\x1b[31m.js"),
                ("a\x7f.js", "path-control", "a\\x7f.js"),
                ("a\u2028b.js", "path-control", "a\\xe2\\x80\\xa8b.js"),
                ("txt\u202esj.exe", "path-bidi", "txt\\xe2\\x80\\xaesj.exe"),
                ("s" * 256 + ".js", "path-segment-long", None),
                ("/".join(["l" * 100] * 6), "path-long", None),
                (deep, "path-deep", deep)):
            with self.subTest(name):
                self.refused(bundles.tar_gz(with_members(member(name, b"evil"))), rule, where)
                self.refused(bundles.zip_({**bundles.files(), name: b"evil"}), rule, where)

    def test_names_that_are_no_utf8(self):
        info, data = member("bad\udcff.js", b"evil")
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT, encoding="utf-8",
                          errors="surrogateescape") as archive:
            archive.addfile(info, io.BytesIO(data))
        self.refused(out.getvalue(), "path-utf8", "bad\\xff.js")

    def test_a_nul_in_a_pax_path(self):
        info, data = member("x" * 20, b"evil")
        raw = bytearray(bundles.tar([(self.pax(info, {"path": "remoteEntry.js\x00.txt"}), data)]))
        self.refused(bytes(raw), "path-nul")

    @staticmethod
    def pax(info, headers):
        info.pax_headers = headers
        return info

    def test_a_nul_in_a_zip_name(self):
        def patch(data):
            for at in self.find_all(data, b"extra.txt"):
                data[at + 5] = 0
        self.refused(zip_with(patch), "path-nul")

    @staticmethod
    def find_all(data, what):
        at = data.find(what)
        while at >= 0:
            yield at
            at = data.find(what, at + 1)

    def test_two_members_with_one_name(self):
        for first, second in (("a.js", "a.js"), ("a.js", "./a.js"), ("a.js", "A.JS"),
                              ("\u00e9.js", "e\u0301.js"), ("d/a.js", "D/a.js")):
            with self.subTest(first + " " + second):
                members = with_members(member(first, b"1"), member(second, b"2"))
                self.refused(bundles.tar_gz(members), "path-duplicate")
        with self.subTest("a file that is a folder"):
            self.refused(bundles.tar_gz(with_members(member("a", b"1"), member("a/b.js", b"2"))),
                         "path-file-and-folder")
        with self.subTest("zip"):
            import warnings
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                archive = bundles.zip_([*bundles.files().items(), ("a.js", b"1"), ("a.js", b"2")])
            self.refused(archive, ("path-duplicate", "zip-differs"))

    def test_types(self):
        for kind, rule in ((tarfile.SYMTYPE, "type-symlink"), (tarfile.LNKTYPE, "type-hardlink"),
                           (tarfile.CHRTYPE, "type-device"), (tarfile.BLKTYPE, "type-device"),
                           (tarfile.FIFOTYPE, "type-fifo"), (b"Z", "type-unknown"),
                           (tarfile.CONTTYPE, "type-unknown"), (tarfile.GNUTYPE_SPARSE, "type-sparse")):
            with self.subTest(rule):
                target = "/etc/passwd" if kind == tarfile.SYMTYPE else "remoteEntry.js"
                for format in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
                    info, data = member("evil", b"", kind, target)
                    archive = bundles.tar(with_members((info, data)), format)
                    self.refused(gzip.compress(archive), rule, "evil")

    def test_a_link_with_data_or_a_long_target(self):
        info, data = member("evil", b"contents", tarfile.LNKTYPE, "remoteEntry.js")
        self.refused(bundles.tar(with_members((info, data))), "type-hardlink", "evil")
        info, data = member("evil", b"", tarfile.SYMTYPE, "t" * 300)
        self.refused(bundles.tar(with_members((info, data)), tarfile.GNU_FORMAT), "type-symlink")

    def test_a_sparse_file_in_pax_words(self):
        info, data = member("evil", b"0\n" + bytes(510))
        info = self.pax(info, {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "evil",
                               "GNU.sparse.realsize": str(1 << 40)})
        self.refused(bundles.tar(with_members((info, data))), "type-sparse")

    def test_a_link_in_a_zip(self):
        self.refused(bundles.zip_link(bundles.files(), "evil", "/etc/passwd"), "type-symlink", "evil")

    def test_an_entry_that_is_a_link(self):
        members = [member("real.js", bundles.container()), member("remoteEntry.js", b"", tarfile.SYMTYPE, "real.js")]
        self.refused(bundles.tar_gz(members), "type-symlink", "remoteEntry.js")

    # --- damage ---

    def test_cut_anywhere(self):
        contents = {**bundles.files("cut"), "noise.bin": random.Random(1).randbytes(3000)}
        for kind, pack in (("tar.gz", bundles.tar_gz), ("tar", bundles.tar), ("zip", bundles.zip_),
                           ("tar.zst", bundles.tar_zst)):
            whole = pack(contents)
            # The end of a tar is two zero blocks and padding, which some writers leave out.
            size = len(whole) if kind != "tar" else len(whole.rstrip(b"\0"))
            for length in sorted({*range(1, size, max(1, size // 40)), size - 1}):
                with self.subTest(kind=kind, length=length):
                    reply = self.server.upload("hostile", "1.0.0", whole[:length])
                    self.assertIn(reply.status, (400, 415, 422), reply)

    def test_a_flipped_bit_anywhere_is_found(self):
        contents = bundles.files("flip")
        for kind, pack in (("tar.gz", bundles.tar_gz), ("zip", bundles.zip_)):
            whole = pack(contents)
            for at in range(10, len(whole), max(1, len(whole) // 60)):
                with self.subTest(kind=kind, at=at):
                    data = bytearray(whole)
                    data[at] ^= 0x10
                    reply = self.server.upload("flip", "0.0.%d" % at, bytes(data))
                    if reply.status == 201:  # a time, an owner: nothing that is kept
                        for path, expected in contents.items():
                            got = self.public.get("/m/flip@0.0.%d/%s" % (at, path))
                            self.assertEqual(got.body, expected)
                    else:
                        self.assertIn(reply.status, (413, 415, 422), reply)

    def test_a_wrong_checksum_or_length(self):
        whole = bundles.tar_gz(bundles.files("crc"))
        for at in (-8, -1):
            with self.subTest(at):
                data = bytearray(whole)
                data[at] ^= 1
                self.refused(bytes(data))

    def test_something_behind_the_end(self):
        whole = bundles.bundle("behind")
        other = bundles.tar_gz({"remoteEntry.js": bundles.container("second")})
        for name, tail in (("junk", b"junk"), ("a byte", b"\x01"), ("a second archive", other),
                           ("an empty member", gzip.compress(b"")), ("a zip", bundles.zip_({"a": b"b"}))):
            with self.subTest(name):
                self.refused(whole + tail)
        with self.subTest("tar"):
            self.refused(bundles.tar(bundles.files("behind")) + b"junk" * 128)

    def test_a_zip_behind_something(self):
        self.refused(bundles.tar_gz({"a": b"b"}) + bundles.zip_(bundles.files()))
        self.refused(b"#!/bin/sh\n" + bundles.zip_(bundles.files()), status=415)

    def test_an_archive_in_an_archive_in_an_archive(self):
        for archive in (gzip.compress(bundles.bundle("nested")), gzip.compress(bundles.zip_(bundles.files()))):
            reply = self.server.upload("hostile", "1.0.0", archive)
            self.assertIn(reply.status, (415, 422), reply)
        bomb = gzip.compress(bytes(1 << 20), 9)
        for _ in range(4):
            bomb = gzip.compress(bomb, 9)
        reply = self.server.upload("hostile", "1.0.0", bomb)
        self.assertIn(reply.status, (413, 415, 422), reply)

    def test_compressed_text_is_no_tar(self):
        self.refused(gzip.compress(b"<!doctype html>" * 100), "archive-unknown", status=415)

    def test_an_archive_without_files(self):
        for archive in (bundles.tar([]), bundles.tar_gz([]), bundles.zip_({}), gzip.compress(b""),
                        bundles.tar_gz([member("folder", type=tarfile.DIRTYPE)])):
            reply = self.server.upload("hostile", "1.0.0", archive)
            self.assertIn(reply.status, (400, 415, 422), reply)

    # --- zip ---

    def test_local_and_central_names_that_differ(self):
        def patch(data):
            at = next(self.find_all(data, b"extra.txt"))
            data[at:at + 9] = b"other.txt"
        self.refused(zip_with(patch), "zip-differs")

    def test_local_and_central_sizes_that_differ(self):
        def patch(data):
            at = data.index(b"PK\x01\x02")
            size = struct.unpack_from("<I", data, at + 24)[0]
            struct.pack_into("<I", data, at + 24, size - 1)
        self.refused(zip_with(patch))

    def test_an_encrypted_zip(self):
        def patch(data):
            for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
                for at in self.find_all(data, mark):
                    data[at + offset] |= 1
        self.refused(zip_with(patch), "zip-encrypted")

    def test_a_zip_with_another_method(self):
        for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            with self.subTest(method):
                self.refused(bundles.zip_(bundles.files(), method), "zip-method")

    def test_a_stored_zip_is_fine(self):
        reply = self.server.upload("stored", "1.0.0", bundles.zip_(bundles.files("s"), zipfile.ZIP_STORED))
        self.assertIn(reply.status, (200, 201), reply)

    # --- size ---

    def test_more_data_than_the_header_tells(self):
        # A gzip that tells 10 bytes, and unpacks to far more.
        raw = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = raw.compress(bundles.tar(bundles.files("lie"))) + raw.flush()
        self.refused(b"\x1f\x8b\x08\0\0\0\0\0\0\3" + body + struct.pack("<II", 0, 10))

    def test_random_bytes_do_no_harm(self):
        source = random.Random(7)
        for magic in (b"\x1f\x8b\x08\0", b"PK\x03\x04", b"PK\x05\x06", b"\x28\xb5\x2f\xfd", b""):
            for _ in range(20):
                with self.subTest(magic):
                    body = magic + source.randbytes(source.randrange(1, 2000))
                    reply = self.server.upload("hostile", "1.0.0", body)
                    self.assertIn(reply.status, (413, 415, 422), reply)

    def test_nothing_was_written_outside(self):
        root = self.server.root
        self.refused(bundles.tar_gz(with_members(member("../../evil-marker", b"evil"))), "path-parent")
        found = [name for _, folders, names in os.walk(root) for name in folders + names
                 if "evil" in name]
        self.assertEqual(found, [])


if __name__ == "__main__":
    main()

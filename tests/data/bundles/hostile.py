#!/usr/bin/env python3
"""Writes archives that must be refused, and some that must not, with a list of what to expect.

    hostile.py FOLDER

FOLDER/cases.json is a list of {"name", "file", "code", "rule", "where"?}; "code" is "ok" or the name of
an enum berth_code without its prefix. Cases that are "ok" have a "group": all of one group must get
the same content digest. Only Python's standard library is used; real tools (GNU tar, zip, zstd) make
further cases where they are installed.
"""
import gzip
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib

ENTRY = b'var shop;(()=>{var n={"./Header":()=>t.e(1)};shop=n})();'
FILES = {"remoteEntry.js": ENTRY, "1.js": b"one", "css/main.css": b"a{}"}
OUT = ""
CASES = []


def case(name, data, code, rule=None, where=None, group=None):
    file = "%03d.bin" % len(CASES)
    with open(os.path.join(OUT, file), "wb") as out:
        out.write(data)
    entry = {"name": name, "file": file, "code": code, "rule": rule, "where": where, "group": group}
    CASES.append({key: value for key, value in entry.items() if value is not None})


def refused(name, data, rule, where=None):
    case(name, data, "refused", rule, where)


def too_large(name, data, limit):
    case(name, data, "too_large", limit)


# --- tar, by hand: Python's own writer will not write most of these -----------------------------


def header(name, size=0, kind=b"0", link=b"", prefix=b"", magic=b"ustar\x0000"):
    name = name if isinstance(name, bytes) else name.encode()
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:108] = b"0000644\0"
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block[136:148] = b"%011o\0" % 0
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[157 : 157 + len(link)] = link
    block[257:265] = magic
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name, data=b"", kind=b"0", **more):
    return header(name, len(data), kind, **more) + data + b"\0" * (-len(data) % 512)


def pax(records, kind=b"x"):
    body = b""
    for key, value in records:
        line = b" " + key + b"=" + value + b"\n"
        length = len(line)
        while len(b"%d" % length) + len(line) != length:
            length = len(b"%d" % length) + len(line)
        body += b"%d" % length + line
    return member(b"PaxHeader", body, kind)


END = b"\0" * 1024


def tar(*members):
    return member("remoteEntry.js", ENTRY) + b"".join(members) + END


def good_tar():
    return b"".join(member(name, data) for name, data in FILES.items()) + END


# --- gzip bombs without a gigabyte of work: one flushed block, repeated -------------------------


def gzip_repeated(block, times):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + b"\0" * 7 + piece * times + b"\x03\0" + b"\0" * 8


# --- zip, by hand -------------------------------------------------------------------------------


def zip_bytes(files, method=zipfile.ZIP_DEFLATED, **attributes):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.external_attr = 0o040755 << 16 if name.endswith("/") else 0o100644 << 16
            for key, value in attributes.items():
                setattr(info, key, value)
            archive.writestr(info, data)
    return out.getvalue()


def replaced(data, old, new, count=-1):
    assert len(old) == len(new) and old in data
    return data.replace(old, new, count)


def central(data, index=0):
    at = -1
    for _ in range(index + 1):
        at = data.index(b"PK\1\2", at + 1)
    return at


def patched(data, at, new):
    return data[:at] + new + data[at + len(new) :]


# --- the cases ----------------------------------------------------------------------------------

BAD_PATHS = [
    ("an absolute path", b"/etc/passwd", "path-absolute"),
    ("a parent segment first", b"../evil.js", "path-parent"),
    ("a parent segment inside", b"a/../../evil.js", "path-parent"),
    ("a parent segment last", b"a/..", "path-parent"),
    ("an empty segment", b"a//b.js", "path-segment-empty"),
    ("a dot segment", b"a/./b.js", "path-dot"),
    ("a backslash", b"a\\b.js", "path-backslash"),
    ("a drive letter", b"C:evil.js", "path-drive"),
    ("a line feed", b"a\nb.js", "path-control"),
    ("a delete character", b"a\x7fb.js", "path-control"),
    ("a C1 character", "a\u0085b.js".encode(), "path-control"),
    ("a right-to-left override", "a\u202esj.js".encode(), "path-bidi"),
    ("an isolate", "a\u2066.js".encode(), "path-bidi"),
    ("invalid UTF-8", b"a\xff.js", "path-utf8"),
    ("overlong UTF-8", b"a\xc0\xaf.js", "path-utf8"),
    ("a surrogate", b"a\xed\xa0\x80.js", "path-utf8"),
    ("17 segments", b"a/" * 16 + b"b.js", "path-deep"),
    ("a segment of 256 bytes", b"a" * 256, "path-segment-long"),
    ("a path of 513 bytes", (b"a" * 102 + b"/") * 4 + b"a" * 101, "path-long"),
    ("a parent segment after ./", b"./../evil.js", "path-parent"),
    ("a dot segment after ./", b"././evil.js", "path-dot"),
    ("a share of Windows", b"\\\\host\\share\\evil.js", "path-backslash"),
    ("an escape sequence", b"a\x1b[31m.js", "path-control"),
    ("a line separator", "a\u2028b.js".encode(), "path-control"),
    ("a left-to-right mark", "a\u200eb.js".encode(), "path-bidi"),
    ("an Arabic letter mark", "a\u061cb.js".encode(), "path-bidi"),
    ("a code point past the last", b"a\xf4\x90\x80\x80.js", "path-utf8"),
    ("UTF-8 that is cut", b"a.js\xe2\x82", "path-utf8"),
    ("a parent segment in what macOS adds", b"__MACOSX/../../evil.js", "path-parent"),
]


def zip_named(path, utf8=True):
    """A zip with a second member of that name."""
    zipped = replaced(zip_bytes({"remoteEntry.js": ENTRY, "Q" * len(path): b"x"}),
                      b"Q" * len(path), path)
    if utf8:
        zipped = patched(zipped, central(zipped, 1) + 8, b"\0\x08")
        zipped = patched(zipped, zipped.index(b"PK\3\4", 4) + 6, b"\0\x08")
    return zipped


def unicode_path(name):
    """A zip whose one member has another name in its field 0x7075 (APPNOTE 4.6.9)."""
    field = struct.pack("<HHBI", 0x7075, 5 + len(name), 1, zlib.crc32(b"remoteEntry.js")) + name
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("remoteEntry.js")
        info.extra = field
        archive.writestr(info, ENTRY)
    return out.getvalue()


def paths():
    for what, path, rule in BAD_PATHS:
        named = member(path, b"x") if len(path) <= 100 else \
            member("././@LongLink", path + b"\0", b"L") + member("x", b"x")
        refused("a tar with " + what, tar(named), rule)
        refused("a zip with " + what, zip_named(path), rule)
    for what, path, rule in BAD_PATHS[-12:-10]:
        refused("a pax header with " + what, tar(pax([(b"path", path)]), member("x")), rule)
    refused("a prefix that is a parent", tar(member("evil.js", b"x", prefix=b"..")), "path-parent")
    refused("a prefix that is absolute", tar(member("evil.js", b"x", prefix=b"/etc")),
            "path-absolute")
    refused("a folder that is a parent", tar(header("../", kind=b"5")), "path-parent", "..")
    refused("a folder that is the root", tar(header("/", kind=b"5")), "path-absolute", "/")
    refused("a folder with a control character", tar(header("a\tb/", kind=b"5")), "path-control",
            "a\\x09b")
    refused("a file without a name", tar(member("", b"x")), None)
    refused("a file that is called .", tar(member(".", b"x")), None)
    refused("a file that is called ..", tar(member("..", b"x")), "path-parent")
    refused("a file that is called ./", tar(member("./", b"x")), None)
    refused("a binary path in pax", tar(pax([(b"hdrcharset", b"BINARY"), (b"path", b"a\xff.js")]),
                                        member("x", b"x")), "path-utf8")
    refused("a zip name in the code page of DOS", zip_named(b"bl\x86b\x91r.js", utf8=False),
            "path-utf8")
    refused("a zip with another name in its Unicode path", unicode_path(b"other.js"), "zip-differs")
    refused("a NUL in a pax path", tar(pax([(b"path", b"good.js\0/../evil")]), member("x", b"x")),
            "path-nul", "good.js\\x00/../evil")
    refused("a NUL in a GNU long name", tar(member("././@LongLink", b"a\0b\0", b"L"), member("x")),
            "path-nul")
    zipped = replaced(zip_bytes({"remoteEntry.js": ENTRY, "QQQ": b"x"}), b"QQQ", b"a\0b")
    refused("a NUL in a zip name", zipped, "path-nul")


def pairs():
    twice = [
        ("the same name twice", ["a.js", "a.js"], "path-duplicate"),
        ("names that differ by ./", ["a.js", "./a.js"], "path-duplicate"),
        ("names that differ by case", ["a.js", "A.js"], "path-duplicate"),
        ("names that differ by case beyond ASCII", ["\u00e9.js", "\u00c9.js"], "path-duplicate"),
        ("names that differ by Unicode form", ["\u00e9.js", "e\u0301.js"], "path-duplicate"),
        ("names that fold to one", ["stra\u00dfe.js", "STRASSE.js"], "path-duplicate"),
        ("a file that is a folder, file first", ["a", "a-b", "a/b.js"], "path-file-and-folder"),
        ("a file that is a folder, folder first", ["a/b.js", "a"], "path-file-and-folder"),
        ("a file that is a folder in other case", ["A", "a/b.js"], "path-file-and-folder"),
    ]
    for what, names, rule in twice:
        refused("a tar with " + what, tar(*(member(name, b"x") for name in names)), rule)
    refused("a folder member with a file's name", tar(member("a", b"x"), member("a/", kind=b"5")),
            "path-file-and-folder")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("remoteEntry.js", ENTRY)
        archive.writestr("a.js", b"1")
        archive.writestr("b.js", b"2")
    refused("a zip with the same name twice", replaced(out.getvalue(), b"b.js", b"a.js"),
            "path-duplicate", "a.js")
    for what, first, second, rule in [
            ("names that differ by ./", "./a.js", "a.js", "path-duplicate"),
            ("names that differ by case", "a.js", "A.js", "path-duplicate"),
            ("names that differ by Unicode form", "\u00e9.js", "e\u0301.js", "path-duplicate"),
            ("a file that is a folder", "a", "a/b.js", "path-file-and-folder"),
            ("a folder member with a file's name", "a", "a/", "path-file-and-folder")]:
        refused("a zip with " + what, zip_bytes({"remoteEntry.js": ENTRY, first: b"", second: b""}),
                rule)


def types():
    kinds = [
        ("a symlink", b"2", "type-symlink", b""),
        ("a hardlink", b"1", "type-hardlink", b""),
        ("a hardlink with data", b"1", "type-hardlink", b"data"),
        ("a character device", b"3", "type-device", b""),
        ("a block device", b"4", "type-device", b""),
        ("a fifo", b"6", "type-fifo", b""),
        ("a contiguous file", b"7", "type-unknown", b"x"),
        ("an old GNU sparse file", b"S", "type-sparse", b""),
        ("a volume label", b"V", "type-unknown", b""),
        ("a multi-volume part", b"M", "type-unknown", b"x"),
        ("a type nobody knows", b"Q", "type-unknown", b"x"),
    ]
    for what, kind, rule, data in kinds:
        refused("a tar with " + what,
                tar(member("bad", data, kind, link=b"remoteEntry.js")), rule, "bad")
    refused("a GNU long link", tar(member("././@LongLink", b"x" * 120 + b"\0", b"K"),
                                   member("bad", kind=b"2", link=b"x" * 99)), "type-symlink")
    for version in [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.map", b"0,1")]:
        refused("a pax sparse file", tar(pax([version, (b"GNU.sparse.realsize", b"%d" % 2**40)]),
                                         member("bad", b"x")), "type-sparse", "bad")
    refused("a zip with a symlink",
            zip_bytes({"bad": b"/etc/passwd"}, external_attr=0o120777 << 16, create_system=3),
            "type-symlink", "bad")
    refused("a zip with a device",
            zip_bytes({"bad": b""}, external_attr=0o020644 << 16, create_system=3),
            "type-device", "bad")
    for what, mode, rule in [("a fifo", 0o010644, None), ("a socket", 0o140644, None),
                             ("a block device", 0o060644, "type-device")]:
        refused("a zip with " + what,
                zip_bytes({"bad": b""}, external_attr=mode << 16, create_system=3), rule, "bad")
    refused("a zip with a symlink made on a Mac",
            zip_bytes({"bad": b"/etc/passwd"}, external_attr=0o120777 << 16, create_system=19),
            "type-symlink", "bad")
    refused("a symlink among what macOS adds",
            tar(member("._remoteEntry.js", kind=b"2", link=b"/etc/passwd")), "type-symlink",
            "._remoteEntry.js")
    refused("a link in a pax header", tar(pax([(b"linkpath", b"/etc/passwd")]), member("bad", kind=b"2")),
            "type-symlink", "bad")
    refused("a global sparse header", tar(pax([(b"GNU.sparse.major", b"1")], b"g"),
                                          member("bad", b"x")), "type-sparse", "bad")
    refused("a sparse file of format 1.0",
            tar(pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
                     (b"GNU.sparse.name", b"bad"), (b"GNU.sparse.realsize", b"1048576")]),
                member("GNUSparseFile.0/bad", b"0\n" + b"\0" * 510)), "type-sparse")
    refused("a folder of GNU's incremental kind", tar(member("bad/", b"Yfile\0\0", b"D")),
            "type-unknown", "bad/")


def cuts():
    """Where an archive may be cut short: everywhere."""
    files = {**FILES, "noise.bin": bytes(i * i * 37 % 251 for i in range(4000))}
    plain = b"".join(member(name, data) for name, data in files.items()) + END
    for what, whole, kept in [("tar", plain, 512), ("tar.gz", gzip.compress(plain, mtime=0), 3),
                              ("zip", zip_bytes(files), 4)]:
        for part in range(1, 8):
            refused("a %s of which %d in 8 came" % (what, part),
                    whole[: kept + (len(whole) - kept) * part // 8], None)
        refused("a %s without its last byte" % what, whole[:-1], None)


def damage():
    good = good_tar()
    packed = gzip.compress(good, mtime=0)
    refused("a wrong gzip CRC", patched(packed, len(packed) - 8, b"\0\0\0\0"), "archive-checksum")
    refused("a wrong gzip length", patched(packed, len(packed) - 4, b"\1\0\0\0"), "archive-checksum")
    refused("junk after gzip", packed + b"junk", "archive-junk")
    refused("a second gzip member", packed + packed, "archive-junk")
    refused("junk after a tar's end", good + b"x" * 512, "archive-junk")
    refused("a short tail after a tar's end", good + b"x", "archive-junk")
    refused("a second tar after the first", good + good, "archive-junk")
    refused("a megabyte of zeros after a tar's end", good + b"\0" * 2**21, "archive-junk")
    refused("a tar cut between two members", good[:1024], "archive-truncated")
    refused("a tar with one end block", good[:-512], "archive-truncated")
    refused("a tar whose last file ends in zeros, cut", member("remoteEntry.js", ENTRY) +
            member("zeros.bin", b"\0" * 2048), "archive-truncated")
    refused("a damaged header", patched(good, 1024 + 130, b"7"), "archive-damaged")
    refused("a size that is not a number", tar(member("a").replace(b"00000000000\0" + b"0" * 11,
            b"0000000000z\0" + b"0" * 11, 1)), "archive-damaged")
    refused("two sizes", tar(pax([(b"size", b"512")]), member("a", b"x")), "archive-damaged", "a")
    refused("a malformed pax record", tar(member("p", b"99 path=x\n", b"x"), member("a")),
            "archive-damaged")
    refused("a global pax path", tar(pax([(b"path", b"x")], b"g"), member("a")), "archive-damaged")
    refused("a pax header of 1 MiB", tar(pax([(b"comment", b"x" * 2**20)]), member("a")),
            "archive-damaged")
    refused("a pax header for nothing", tar(pax([(b"path", b"x")])), "archive-damaged")
    refused("a folder with contents", tar(member("a/", b"x", b"5")), "archive-damaged", "a/")
    refused("five pax headers for one member", tar(*[pax([(b"comment", b"x")])] * 5, member("a")),
            "archive-damaged")
    refused("a GNU long name of 8 KiB", tar(member("././@LongLink", b"a" * 8192 + b"\0", b"L"),
                                            member("x")), None)
    refused("a GNU long name without a member", tar(member("././@LongLink", b"a\0", b"L")), None)
    refused("a negative size", tar(patched_size("a", b"", b"\xff" * 12)), "archive-damaged")
    refused("a size past 2^63", tar(patched_size("a", b"", b"\x80" + b"\xff" * 11)),
            "archive-damaged")
    refused("a pax size past 2^63", tar(pax([(b"size", b"9" * 30)]), member("a")), "archive-damaged")
    refused("a gzip with flags that nobody knows", patched(packed, 3, b"\xe0"), "archive-damaged")
    refused("a gzip that ends within its head", packed[:9], "archive-truncated")
    refused("an empty gzip member after the first", packed + gzip.compress(b""), "archive-junk")
    refused("too many zeros after gzip", packed + b"\0" * 2**16, "archive-junk")
    refused("a byte after zeros after gzip", packed + b"\0" * 100 + b"x", "archive-junk")
    refused("a zip after a tar.gz", packed + zip_bytes(FILES), "archive-junk")


def zip_damage():
    good = zip_bytes(FILES)
    end = good.rindex(b"PK\5\6")
    refused("an encrypted zip",
            patched(patched(good, 6, b"\1\0"), central(good) + 8, b"\1\0"), "zip-encrypted",
            "remoteEntry.js")
    for method in [1, 9, 12, 14, 93, 95, 97, 98, 99]:
        code = struct.pack("<H", method)
        refused("zip method %d" % method,
                patched(patched(good, 8, code), central(good) + 10, code), "zip-method",
                "remoteEntry.js")
    refused("a local method that differs", patched(good, 8, b"\0\0"), "zip-differs")
    refused("a local name that differs", replaced(good, b"remoteEntry.js", b"evilsEntry.js!", 1),
            "zip-differs", "remoteEntry.js")
    refused("a local size that differs", patched(good, 22, b"\1\0\0\0"), "zip-differs")
    refused("a local CRC that differs", patched(good, 14, b"\1\0\0\0"), "zip-differs")
    wrong = patched(patched(good, 14, b"\1\2\3\4"), central(good) + 16, b"\1\2\3\4")
    refused("a wrong CRC", wrong, "archive-damaged", "remoteEntry.js")
    refused("bytes before the first member", patched(good, central(good) + 42, b"\1\0\0\0"),
            "zip-differs")
    refused("junk after a zip", good + b"junk", "archive-junk")
    refused("a zip that says it has a part 2", patched(good, end + 4, b"\1\0"), "zip-multidisk")
    refused("a zip with one member too few", patched(good, end + 8, b"\2\0\2\0"), "archive-damaged")
    refused("a zip with one member too many", patched(good, end + 8, b"\4\0\4\0"),
            "archive-damaged")
    refused("a zip64 locator", good[:end] + b"PK\6\7" + b"\0" * 16 + good[end:], "zip-zip64")
    offset = struct.unpack("<I", good[central(good, 1) + 42 : central(good, 1) + 46])[0]
    refused("overlapping members", patched(good, central(good, 2) + 42, struct.pack("<I", offset)),
            "zip-overlap")
    hidden = zip_bytes({"remoteEntry.js": ENTRY, "hidden.js": b"evil", "1.js": b"one"})
    first, second = central(hidden, 1), central(hidden, 2)
    end = hidden.rindex(b"PK\5\6")
    tail = bytearray(hidden[end:])
    tail[8:12] = b"\2\0\2\0"
    tail[12:16] = struct.pack("<I", end - central(hidden) - (second - first))
    refused("a member that only the stream shows",
            hidden[:first] + hidden[second:end] + bytes(tail), "zip-differs")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("remoteEntry.js", ENTRY)
        archive.comment = b"PK\5\6 in a comment, and more than twenty-two bytes of it"
    refused("an end record in the comment", out.getvalue(), "archive-truncated")
    for bit, what in [(6, "strongly encrypted"), (13, "with a masked directory")]:
        flag = struct.pack("<H", 1 << bit)
        refused("a zip that is " + what, patched(patched(good, 6, flag), central(good) + 8, flag),
                "zip-encrypted")
    refused("a zip folder with contents",
            zip_bytes({"remoteEntry.js": ENTRY, "a/": b"contents"}), "zip-differs", "a/")
    refused("a file by its type, a folder by its name", patched(zip_bytes({"a/": b""}),
            central(zip_bytes({"a/": b""})) + 38, struct.pack("<I", 0o100644 << 16)), "zip-differs")
    refused("too many zeros after a zip", good + b"\0" * 2**16, "archive-truncated")
    refused("a byte after zeros after a zip", good + b"\0" * 100 + b"x", "archive-junk")
    refused("a zip after a zip", good + good, None)
    refused("a zip in a zip", zip_bytes({"inner.zip": good}), "entry-missing")
    too_large("a zip64 by its fields", zip64(good), "limit-unpacked-bytes")
    refused("a packed size that is too small", patched(patched(good, 18, b"\1\0\0\0"),
            central(good) + 20, b"\1\0\0\0"), None)
    refused("a size that is too small", patched(patched(good, 22, b"\1\0\0\0"),
            central(good) + 24, b"\1\0\0\0"), None)
    refused("a member beyond the end", patched(good, central(good, 2) + 42, b"\0\0\0\x7f"), None)
    refused("a directory beyond the end", patched(good, end_of(good) + 16, b"\xff\xff\xff\x7f"), None)


def end_of(data):
    return data.rindex(b"PK\5\6")


def zip64(data):
    """Sizes of all ones in the directory, as where they are in an extra field."""
    return patched(data, central(data) + 20, b"\xff" * 8)


def limits():
    too_large("1 GiB of zeros in tar.gz",
              gzip_repeated(header("zeros", 2**30), 1)[:-10] +
              gzip_repeated(b"\0" * 2**20, 1024)[10:], "limit-file-bytes")
    too_large("1 GiB of zeros in many files", gzip_repeated(member("z", b"\0" * 2**20), 1024),
              "limit-ratio")
    too_large("200,000 empty entries",
              gzip_repeated(b"".join(header("%d" % i) for i in range(1000)), 200), "limit-entries")
    too_large("a stated size of 1 TiB", tar(header("big", 2**40)), "limit-file-bytes")
    too_large("1 GiB of zeros in a zip", zip_of_zeros(), "limit-unpacked-bytes")
    case("gzip in gzip", gzip.compress(gzip.compress(good_tar())), "unsupported", "archive-unknown")
    nested = good_tar()
    for _ in range(50):
        nested = gzip.compress(nested, mtime=0)
    case("fifty gzips in each other", nested, "unsupported", "archive-unknown")
    with_many = {"%d" % i: b"" for i in range(20001)}
    too_large("20,001 entries in a zip", zip_bytes(with_many, zipfile.ZIP_STORED), "limit-entries")


def zip_of_zeros():
    """A member that states 1 GiB, without being it: the statement is enough."""
    data = zip_bytes({"zeros": b"\0" * 2**20})
    size = struct.pack("<I", 2**30)
    return patched(patched(data, 22, size), central(data) + 24, size)


def kinds():
    case("nothing", b"", "invalid", "archive-empty")
    case("an HTML page", b"<!DOCTYPE html><title>502</title>", "unsupported", "archive-unknown")
    case("a script", ENTRY, "unsupported", "archive-unknown")
    case("bzip2", b"BZh91AY&SY" + b"\0" * 600, "unsupported", "archive-unknown")
    for what, head in [("RAR", b"Rar!\x1a\7\1\0"), ("7z", b"7z\xbc\xaf'\x1c"), ("cpio", b"070701"),
                       ("ar", b"!<arch>\n"), ("PDF", b"%PDF-1.7"), ("ELF", b"\x7fELF\2\1\1"),
                       ("JSON", b'{"error":"not found"}'), ("a PNG", b"\x89PNG\r\n\x1a\n")]:
        case(what, head + b"\1" * 600, "unsupported", "archive-unknown")
    case("one byte", b"P", "unsupported", "archive-unknown")
    case("a script before a zip", b"#!/bin/sh\n" + zip_bytes(FILES), "unsupported", "archive-unknown")
    case("gzip of a zip", gzip.compress(zip_bytes(FILES)), "unsupported", "archive-unknown")
    case("an HTML page with a mark", b"\xef\xbb\xbf\r\n<html><h1>403</h1>", "unsupported",
         "archive-unknown")
    case("xz", b"\xfd7zXZ\0" + b"\0" * 600, "unsupported", "archive-unknown")
    case("zeros", b"\0" * 10240, "unsupported", "archive-unknown")
    case("gzip of a script", gzip.compress(ENTRY * 20), "unsupported", "archive-unknown")
    case("gzip of nothing", gzip.compress(b""), "unsupported", "archive-unknown")
    refused("gzip of a tar without members", gzip.compress(END), "entry-missing")
    refused("an empty zip", zip_bytes({}), "entry-missing")


def manifest(change=lambda manifest: None):
    value = {
        "id": "shop", "name": "shop",
        "metaData": {"name": "shop", "type": "app", "globalName": "shop", "publicPath": "auto",
                     "remoteEntry": {"name": "remoteEntry.js", "path": "", "type": "global"},
                     "ssrRemoteEntry": {"name": "not-there.js", "path": ""},
                     "types": {"path": "", "name": "not-there"}},
        "shared": [{"name": "react", "version": "18.3.1"}], "remotes": [],
        "exposes": [{"name": "Header", "path": "./Header",
                     "assets": {"js": {"sync": ["1.js"], "async": []},
                                "css": {"sync": ["css/main.css"], "async": []}}}],
    }
    change(value)
    return json.dumps(value).encode()


def with_manifest(data):
    return b"".join(member(name, text)
                    for name, text in {**FILES, "mf-manifest.json": data}.items()) + END


def contents():
    refused("no entry", member("main.js", b"x") + END, "entry-missing")
    refused("two entries", member("a/remoteEntry.js", ENTRY) + member("b/remoteEntry.js", ENTRY) +
            END, "entry-ambiguous", "b/remoteEntry.js")
    refused("an HTML page as the entry", member("remoteEntry.js", b"\n<!doctype html>") + END,
            "entry-not-script", "remoteEntry.js")
    refused("an empty entry", member("remoteEntry.js") + END, "entry-not-script", "remoteEntry.js")
    case("a good manifest", with_manifest(manifest()), "ok", group="manifest")
    broken = [
        ("a manifest that is not JSON", b"<!doctype html>", "manifest-syntax"),
        ("a manifest with a key twice", b'{"a":1,"a":2}', "manifest-syntax"),
        ("a manifest that is a list", b"[]", "manifest-invalid"),
        ("a manifest without exposes", manifest(lambda m: m.pop("exposes")), "manifest-invalid"),
        ("a manifest without an entry", manifest(lambda m: m["metaData"].pop("remoteEntry")),
         "manifest-invalid"),
        ("an entry that is missing",
         manifest(lambda m: m["metaData"]["remoteEntry"].update(name="gone.js")),
         "manifest-missing-file"),
        ("an entry outside", manifest(lambda m: m["metaData"]["remoteEntry"].update(path="../")),
         "manifest-missing-file"),
        ("an asset that is missing",
         manifest(lambda m: m["exposes"][0]["assets"]["js"]["async"].append("gone.js")),
         "manifest-missing-file"),
        ("six assets that are missing",
         manifest(lambda m: m["exposes"][0]["assets"]["js"].update(
             sync=["gone-%d.js" % i for i in range(6)])), "manifest-missing-file"),
    ]
    for what, data, rule in broken:
        refused(what, with_manifest(data), rule, "mf-manifest.json")
    for what, text in [("names a file that is not there", b'{"entry":"gone.js"}'),
                       ("names a file outside", b'{"entry":"../remoteEntry.js"}'),
                       ("is not JSON", b"entry: remoteEntry.js"), ("is a list", b"[]")]:
        refused("a berth.json that " + what, tar(member("berth.json", text)), None)
    for what, value in [("numbers", 7), ("lists", []), ("null", None)]:
        data = manifest(lambda m: (m["exposes"].append(value), m["shared"].append(value),
                                   m["exposes"][0].update(assets=value)))
        case("a manifest with %s in odd places" % what, with_manifest(data), "ok",
             group="odd " + what)


def good():
    text = good_tar()
    case("ustar", text, "ok", group="files")
    case("v7", b"".join(member(name, data, b"\0", magic=b"\0" * 8) for name, data in FILES.items()) +
         END, "ok", group="files")
    case("tar.gz", gzip.compress(text), "ok", group="files")
    case("a tar with ./ and folders", header("./", kind=b"5") + header("./css/", kind=b"5") +
         b"".join(member("./" + name, data) for name, data in FILES.items()) + END, "ok",
         group="files")
    case("a tar with a common top folder", header("dist/", kind=b"5") +
         b"".join(member("dist/" + name, data) for name, data in FILES.items()) + END, "ok",
         group="files")
    case("a tar in another order", b"".join(member(name, data) for name, data in
                                            reversed(FILES.items())) + END, "ok", group="files")
    case("a tar with padding to 10 KiB", text + b"\0" * (10240 - len(text) % 10240), "ok",
         group="files")
    case("a tar with a size in base 256",
         b"".join(patched_size(name, data) for name, data in FILES.items()) + END, "ok",
         group="files")
    case("a pax size as node-tar writes it",
         b"".join(pax([(b"path", name.encode()), (b"size", b"%d" % len(data)), (b"mtime", b"1.5")]) +
                  member("x", data) for name, data in FILES.items()) + END, "ok", group="files")
    case("a global pax comment, as git archive writes it",
         pax([(b"comment", b"0" * 40)], b"g") + text, "ok", group="files")
    case("zip", zip_bytes(FILES), "ok", group="files")
    case("a stored zip", zip_bytes(FILES, zipfile.ZIP_STORED), "ok", group="files")
    case("a zip made on Windows", zip_bytes(FILES, create_system=0, external_attr=32), "ok",
         group="files")
    case("a streamed zip", streamed_zip(FILES), "ok", group="files")
    apple = b"\0\5\x16\7\0\2\0\0Mac OS X" + b"\0" * 100
    case("a tar made on a Mac", b"".join(member("./._" + name, apple) + member("./" + name, data)
                                         for name, data in FILES.items() if "/" not in name) +
         member("./css/._main.css", apple) + member("./css/main.css", FILES["css/main.css"]) +
         member("./.DS_Store", b"\0\0\0\1Bud1") + END, "ok", group="files")
    case("a zip made on a Mac", zip_bytes({
        **{"dist/" + name: data for name, data in FILES.items()}, "dist/.DS_Store": b"Bud1",
        "__MACOSX/": b"", "__MACOSX/._dist": apple, "__MACOSX/dist/._remoteEntry.js": apple}), "ok",
         group="files")
    case("attributes in pax", b"".join(
        pax([(b"LIBARCHIVE.xattr.com.apple.provenance", b"AQIA"), (b"LIBARCHIVE.creationtime", b"1.5"),
             (b"SCHILY.xattr.com.apple.provenance", b"\1\2\0\xff\n"), (b"SCHILY.dev", b"1"),
             (b"SCHILY.ino", b"2"), (b"SCHILY.nlink", b"2"), (b"SCHILY.acl.access", b"user::rw-"),
             (b"SCHILY.fflags", b"nodump"), (b"mtime", b"1.25"), (b"uname", b"\xc3\xa5")]) +
        member(name, data) for name, data in FILES.items()) + END, "ok", group="files")
    case("16 segments and 512 bytes", tar(
        member("././@LongLink", b"a/" * 14 + b"b" * 228 + b"/" + b"c" * 255 + b"\0", b"L"),
        member("x", b"x")), "ok", group="deep")
    case("gzip in a block that zeros fill", gzip.compress(text) + b"\0" * 9000, "ok", group="files")
    case("a zip in a block that zeros fill", zip_bytes(FILES) + b"\0" * 9000, "ok", group="files")
    case("a decomposed name in a zip", zip_bytes({"remoteEntry.js": ENTRY, "e\u0301.js": b"x"}), "ok",
         group="decomposed")
    case("a decomposed name in pax", tarball({"remoteEntry.js": ENTRY, "e\u0301.js": b"x"},
                                             tarfile.PAX_FORMAT), "ok", group="decomposed")
    unusual = {"remoteEntry.js": ENTRY, unicodedata.normalize("NFC", "bl\u00e5b\u00e6r.css"): b"a{}",
               "\u65e5\u672c\u8a9e/\U0001f980.svg": b"<svg/>", "a b~[id]@2x.js": b"",
               "x" * 250 + ".js": b"long"}
    case("unusual names in pax", tarball(unusual, tarfile.PAX_FORMAT), "ok", group="unusual")
    case("unusual names in GNU tar", tarball(unusual, tarfile.GNU_FORMAT), "ok", group="unusual")
    case("unusual names in a zip", zip_bytes(unusual), "ok", group="unusual")


def patched_size(name, data, size=None):
    block = bytearray(header(name, len(data)))
    block[124:136] = size or b"\x80" + len(data).to_bytes(11, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + data + b"\0" * (-len(data) % 512)


def streamed_zip(files):
    class Unseekable(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    out = Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.data


def tarball(files, format):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def real_tools():
    """What is really sent: GNU tar's four formats, zip, zstd."""
    with tempfile.TemporaryDirectory() as outer:
        folder = os.path.join(outer, "build")
        os.mkdir(folder)
        os.mkdir(os.path.join(outer, "p"))
        for name, data in FILES.items():
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "wb") as out:
                out.write(data)
        tool("GNU tar, %s", folder, *(["tar", "--format=" + form, "-cf", "-", "."]
                                      for form in ["v7", "ustar", "gnu", "pax"]))
        tool("GNU tar with gzip", folder, ["tar", "-czf", "-", "."])
        tool("GNU tar with zstd", folder, ["tar", "--zstd", "-cf", "-", "."])
        tool("zip", folder, ["sh", "-c", "zip -qr out.zip . -x out.zip && cat out.zip && rm out.zip"])
        tool("zip to a pipe", folder, ["sh", "-c", "zip -qr - . | cat"])
        bsdtar = [["bsdtar", "--format=" + form, "-cf", "-", "."]
                  for form in ["v7", "ustar", "gnutar", "pax", "zip"]]
        tool("bsdtar, %s", folder, *bsdtar)
        tool("bsdtar with attributes", folder, ["bsdtar", "--xattrs", "--acls", "-czf", "-", "."])
        tool("bsdtar with zstd", folder, ["bsdtar", "--zstd", "-cf", "-", "."])
        tool("GNU tar with attributes", folder, ["tar", "--xattrs", "--acls", "-cf", "-", "."])
        tool("GNU tar of names", folder, ["sh", "-c", "tar -cf - *"])
        tool("GNU tar with one time for all", folder,
             ["tar", "--posix", "--pax-option=globexthdr.name=x,mtime:=1", "-cf", "-", "."])
        for form in ["zip", "tar"]:
            tool("7z, " + form, folder,
                 ["7z", "a", "-bso0", "-bsp0", "-t" + form, OUT + "/7z." + form, "."],
                 ["cat", OUT + "/7z." + form])
        tool("zip without attributes", folder, ["sh", "-c", "zip -qrX - . | cat"])
        tool("git archive, tar.gz", folder, git_archive("tar.gz"))
        tool("git archive, zip", folder, git_archive("zip"))
        pack_with_npm(folder)
        zstd = tool("zstd -19 of a tar", folder,
                    ["sh", "-c", "tar -cf - . | zstd -19 --check -c"])
        if zstd:
            refused("a wrong zstd checksum", patched(zstd, len(zstd) - 4, b"\0\1\2\3"),
                    "archive-checksum")
            refused("junk after zstd", zstd + b"junk", "archive-junk")
            refused("a second zstd frame", zstd + zstd, "archive-junk")
        window = output(folder, ["sh", "-c", "tar -cf - . | zstd --ultra -20 --long=27 -c"])
        if window:
            refused("a zstd frame with a window of 128 MiB", window, "zstd-window")
        with open(os.path.join(folder, "header"), "wb") as out:
            out.write(header("zeros", 60 * 2**20))
        zeros = output(folder, ["sh", "-c", "(cat header; head -c 60M /dev/zero) | zstd -c"])
        if zeros:
            too_large("zeros in zstd", zeros, "limit-ratio")


def git_archive(form):
    return ["sh", "-c", "git init -q ../g && cp -r . ../g/ && cd ../g && git add -A . && "
            "git -c user.name=a -c user.email=a@b.c commit -qm x && git archive --format=%s HEAD; "
            "cd .. && rm -rf g" % form]


def pack_with_npm(folder):
    """Its member is package/…, and package.json is among them."""
    with open(os.path.join(folder, "package.json"), "w", encoding="ascii") as out:
        out.write('{"name":"x","version":"1.0.0"}')
    data = output(folder, ["sh", "-c", "npm pack --silent --offline --pack-destination ../p >/dev/null "
                           "&& cat ../p/*.tgz"])
    if data and shutil.which("npm"):
        case("npm pack", data, "ok", group="npm")
    os.remove(os.path.join(folder, "package.json"))


def output(folder, command):
    if not shutil.which("zstd" if "zstd" in " ".join(command) else command[0]):
        return None
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout if done.returncode == 0 else None


def tool(name, folder, *commands):
    data = None
    for command in commands:
        data = output(folder, command)
        if data:
            case(name % command[1] if "%s" in name else name, data, "ok", group="files")
    return data


def main():
    global OUT
    OUT = sys.argv[1]
    for part in [paths, pairs, types, cuts, damage, zip_damage, limits, kinds, contents, good, real_tools]:
        part()
    with open(os.path.join(OUT, "cases.json"), "w") as out:
        json.dump(CASES, out, indent=1)


main()

/* From an archive on a descriptor to a version's assets and a description of what they are.
 *
 * Reading: the archive's kind is told by its first bytes, gzip and zstd are taken off here,
 * libarchive gets exactly one format and no filter, in a process of its own, every entry is checked
 * by the path and type rules, and when all are good each is written to the store as a blob; names
 * from the archive never reach the file system; what macOS's tools add (._*, .DS_Store, __MACOSX)
 * is checked like the rest and left out, with the warning "mac-metadata". Detecting: each detector
 * looks at the files and either says what they are or what it looked for; berth.json, where the
 * bundle has one, has the last word. A bundle that breaks a rule of archives leaves nothing; one
 * whose contents are refused leaves blobs that no row names, and nothing else.
 *
 * Thread rules: a call belongs to one thread; different calls may run at once. Fits a 100 KiB
 * stack.
 */
#ifndef BERTH_BUNDLE_H
#define BERTH_BUNDLE_H

#include "berth/error.h"
#include "berth/name.h"
#include "berth/registry.h"
#include "berth/semver.h"
#include "berth/store.h"
#include <jansson.h>
#include <stdint.h>

struct berth_bundle_limits {
    int64_t archive_bytes;  /* compressed body; checked by the caller's spool as well */
    int64_t unpacked_bytes; /* all files together */
    int64_t file_bytes;     /* one file */
    int64_t entries;        /* files and folders */
    int64_t ratio;          /* unpacked : archive, once over 1 MiB unpacked */
    int64_t seconds;        /* of waiting for the process that reads; 0: read in this one */
};

/* What the server's options begin with. */
enum {
    BERTH_ARCHIVE_BYTES = 64 << 20,
    BERTH_UNPACKED_BYTES = 256 << 20,
    BERTH_FILE_BYTES = 64 << 20,
    BERTH_ENTRIES = 20000,
    BERTH_RATIO = 200,
};
/* These, and `seconds` 0. */
struct berth_bundle_limits berth_bundle_limits_default(void);

/* Reads the archive on `fd` (from offset 0, `archive_bytes` long; its offset is not used) into the
 * store, and calls berth_store_sync: a row may name the blobs afterwards. On success fills
 * ret->{assets, asset_count, bytes, digest, description, archive_bytes}, sorted, with one common
 * top folder taken off when the entry lies under it; the other fields are left alone.
 *
 * `description` is an object:
 *   archive      "tar" | "tar.gz" | "tar.zst" | "zip"
 *   format       "webpack-container" | "module-federation" | "module-container" (an ES module with
 *                get and init) | "es-module" | "native-federation" | "systemjs" | "pilet" (see
 *                there) | "document" (a page by itself: nothing to load, so entry, type and
 *                integrity are absent)
 *   entry        path of the file a loader starts with
 *   manifest     path of mf-manifest.json, where there is one
 *   type         "script" | "module"
 *   container    the container's global name (script), or its name (module); absent when unknown
 *   chunkGlobals [names of the chunk-loading globals]
 *   exposes      [{"name": "./Header", "assets"?: {"js": [paths], "css": [paths]}, "file"?: path
 *                where it is an ES module of its own (and assets what it imports), "policy"?,
 *                "contract"?, "prerendered"?: path of a piece of HTML that shows it before its
 *                script runs}]
 *   exports      [names] of an es-module whose entry is exposed
 *   shared       [{"name", "version"?, "requiredVersion"?, "singleton"?, "strictVersion"?: true,
 *                "file"?, "assets"?: as of an expose: what is loaded when this bundle's own copy is
 *                used}]
 *   remotes      what it takes from others: [{"alias"?, "container"?, "url"?, "module"?,
 *                "version"?, "expose"?}]. "module" is the one that the URL (/m/MODULE/…) or
 *                berth.json names, "version" is there when the URL names one for good. Absent when
 *                it is not known: there was too much to look at, or an older berth did not look.
 *                What code asks for by names that it puts together at run time is not seen
 *   pilet        of a pilet of Piral: {"version": 0 to 3 or "mf", "hash"? (of 0), "requireRef"?,
 *                "dependencies"? {name: path or URL}, "custom"?, "config"?}; in the formats "pilet"
 *                (what only Piral can load, and so exposes nothing) and those of containers
 *   integrity    "sha384-…" of the entry
 *   files        {path: "sha384-…"} of all .js, .mjs and .css files; absent when there are too many
 *   warnings     [{"rule", "text"}]
 *
 * Errors: BERTH_INVALID ("archive-empty"), BERTH_UNSUPPORTED ("archive-unknown"), BERTH_TOO_LARGE
 * ("limit-…" naming the limit), BERTH_REFUSED (a rule, with the member in `where`;
 * "archive-reader-crashed", "limit-archive-seconds" and "limit-archive-memory" are about the
 * process that reads; "entry-missing" says what was looked for; "berth-json-…" has a JSON pointer
 * in `where`, "prerendered-invalid" the file), BERTH_BUSY ("archive-reader-start"), BERTH_IO and
 * BERTH_NO_SPACE from the store. */
enum berth_code berth_bundle_read(struct berth_store *store, int fd, int64_t archive_bytes,
                                  const struct berth_bundle_limits *limits,
                                  struct berth_version *ret, struct berth_error *error);

/* The parent of the processes that read: berth_bundle_read with limits->seconds runs /proc/self/exe
 * with "__read-archives" as its first argument, which must lead here. Takes archives from
 * descriptor 0, forks a reader for each, and does not return. The program's SIGCHLD must not be
 * ignored. */
int berth_bundle_reader_main(void);

/* Packs a directory as .tar.gz on `fd`, the same bytes for the same contents: sorted, no owners, no
 * times. Regular files only; a symlink or a special file is BERTH_REFUSED, naming it. Calls
 * `progress` (may be NULL) with the bytes read so far. For `berth push DIR`. */
enum berth_code berth_bundle_pack(const char *directory, int fd,
                                  void (*progress)(int64_t bytes, void *context), void *context,
                                  struct berth_error *error);

/* The path rules alone (tests, fuzzing): normalises `path` in place ("./a" becomes "a"), or
 * BERTH_REFUSED with the rule's name. */
enum berth_code berth_path_check(char *path, size_t length, struct berth_error *error);

enum { BERTH_PACKAGE_MAX_BYTES = 256 * 1024 };

/* An npm package's name and version. */
struct berth_package {
    char module[BERTH_MODULE_MAX_BYTES + 1];
    char version[BERTH_VERSION_MAX_BYTES + 1];
};

/* Reads the archive as berth_bundle_read does, with all its checks, but keeps nothing of it: only
 * what the package.json at its root, or in the one folder that has one ("package/", as npm pack
 * makes it), says. Both are checked. BERTH_REFUSED ("package-missing", "package-ambiguous",
 * "package-syntax", "module-name", "version"), BERTH_TOO_LARGE ("limit-package-bytes"), and
 * berth_bundle_read's errors about archives. */
enum berth_code berth_bundle_package(int fd, int64_t archive_bytes,
                                     const struct berth_bundle_limits *limits,
                                     struct berth_package *ret, struct berth_error *error);

#endif

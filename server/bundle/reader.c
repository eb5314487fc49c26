#include "reader.h"
#include "path.h"
#include "stream.h"
#include "tar_guard.h"
#include "zip_guard.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistd.h>

enum { ZIP_PIECE_BYTES = 64 * 1024 };

struct reader {
    const struct berth_bundle_limits *limits;
    struct berth_sink *sink;
    struct berth_error *error;
    enum berth_code failed; /* what a callback found; libarchive only hears "failed" */
    struct archive *archive;
    struct berth_stream *stream; /* tar */
    struct berth_tar_guard tar;
    struct berth_zip_guard zip;
    int fd; /* zip */
    int64_t archive_bytes;
    int64_t offset;
    int64_t entries;
    char name[BERTH_WHERE_BYTES]; /* of the member being read */
    unsigned char piece[ZIP_PIECE_BYTES];
};

/* Tar: unpacked and looked at before libarchive gets it. */
static la_ssize_t read_tar(struct archive *archive, void *context, const void **ret) {
    struct reader *reader = context;
    (void)archive;
    const unsigned char *data = NULL;
    size_t length = 0;
    reader->failed = berth_stream_read(reader->stream, &data, &length, reader->error);
    if (!reader->failed)
        reader->failed = berth_tar_guard_add(&reader->tar, data, length, reader->error);
    *ret = data;
    return reader->failed ? -1 : (la_ssize_t)length;
}

static la_ssize_t read_zip(struct archive *archive, void *context, const void **ret) {
    struct reader *reader = context;
    (void)archive;
    int64_t left = reader->archive_bytes - reader->offset;
    size_t want = left <= 0 ? 0 : left < ZIP_PIECE_BYTES ? (size_t)left : ZIP_PIECE_BYTES;
    ssize_t got = pread(reader->fd, reader->piece, want, reader->offset);
    if (got < 0) {
        reader->failed = berth_fail_errno(reader->error, "archive-read", "cannot read the archive");
        return -1;
    }
    reader->offset += got;
    *ret = reader->piece;
    return got;
}

static la_int64_t seek_zip(struct archive *archive, void *context, la_int64_t offset, int whence) {
    struct reader *reader = context;
    (void)archive;
    int64_t base = whence == SEEK_SET   ? 0
                   : whence == SEEK_CUR ? reader->offset
                                        : reader->archive_bytes;
    int64_t target = 0;
    if (__builtin_add_overflow(base, offset, &target) || target < 0)
        return ARCHIVE_FATAL;
    reader->offset = target;
    return target;
}

static la_int64_t skip_zip(struct archive *archive, void *context, la_int64_t request) {
    struct reader *reader = context;
    (void)archive;
    reader->offset += request;
    return request;
}

/* ARCHIVE_WARN counts as a refusal: it is how libarchive reports a name that does not convert, a
 * bad CRC in a zip, and sizes that differ. */
static enum berth_code refuse_archive(struct reader *reader) {
    if (reader->failed)
        return reader->failed;
    if (reader->stream && !reader->tar.started)
        return berth_archive_refuse_unknown(reader->error,
                                            "the compressed content is not a tar archive");
    if (archive_errno(reader->archive) == ENOMEM)
        return berth_fail(reader->error, BERTH_NO_MEMORY, "memory", "out of memory");
    const char *text = archive_error_string(reader->archive);
    if (!text)
        text = "no detail";
    /* Some of libarchive's texts end in a line break. */
    berth_fail(reader->error, BERTH_REFUSED, "archive-damaged", "the archive is damaged: %.*s",
               (int)strcspn(text, "\n"), text);
    berth_path_where(reader->error, reader->name, strlen(reader->name));
    return BERTH_REFUSED;
}

static enum berth_code refuse_member(struct reader *reader, enum berth_code code, const char *rule,
                                     const char *text) {
    berth_fail(reader->error, code, rule, "%s", text);
    berth_path_where(reader->error, reader->name, strlen(reader->name));
    return code;
}

/* libarchive reports a hardlink with data as a regular file, so links are asked for first. */
static enum berth_code check_type(struct reader *reader, struct archive_entry *entry) {
    if (archive_entry_hardlink(entry))
        return refuse_member(reader, BERTH_REFUSED, "type-hardlink", "the member is a hard link");
    if (archive_entry_symlink(entry) || archive_entry_filetype(entry) == AE_IFLNK)
        return refuse_member(reader, BERTH_REFUSED, "type-symlink",
                             "the member is a symbolic link");
    if (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != AE_IFDIR)
        return refuse_member(reader, BERTH_REFUSED, "type-unknown",
                             "the member is neither a file nor a folder");
    if (archive_entry_sparse_count(entry) > 0)
        return refuse_member(reader, BERTH_REFUSED, "type-sparse", "the member is a sparse file");
    if (archive_entry_is_encrypted(entry))
        return refuse_member(reader, BERTH_REFUSED, "zip-encrypted", "the member is encrypted");
    return BERTH_OK;
}

static enum berth_code copy_data(struct reader *reader) {
    int64_t bytes = 0;
    for (;;) {
        const void *data = NULL;
        size_t length = 0;
        la_int64_t offset = 0;
        int status = archive_read_data_block(reader->archive, &data, &length, &offset);
        if (status == ARCHIVE_EOF)
            return BERTH_OK;
        if (status != ARCHIVE_OK)
            return refuse_archive(reader);
        if (offset != bytes)
            return refuse_member(reader, BERTH_REFUSED, "type-sparse", "the file has holes");
        bytes += (int64_t)length;
        enum berth_code code = reader->sink->add(reader->sink, data, length, reader->error);
        if (code)
            return code;
    }
}

static enum berth_code take_file(struct reader *reader, struct archive_entry *entry,
                                 const char *path) {
    int64_t stated = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : -1;
    enum berth_code code = reader->sink->begin(reader->sink, path, stated, reader->error);
    if (!code)
        code = copy_data(reader);
    return code ? code : reader->sink->end(reader->sink, reader->error);
}

static bool is_root(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "./") == 0;
}

static enum berth_code take_path(struct reader *reader, struct archive_entry *entry, char *path) {
    bool folder = archive_entry_filetype(entry) == AE_IFDIR;
    if (folder && is_root(path))
        return BERTH_OK;
    size_t length = strlen(path);
    if (folder && length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
    enum berth_code code = berth_path_check(path, length, reader->error);
    if (code)
        return code;
    return folder ? reader->sink->folder(reader->sink, path, reader->error)
                  : take_file(reader, entry, path);
}

/* libarchive gives names in NFC; macOS's tools write them decomposed. */
static bool is_same_name(const char *name, const struct berth_zip_member *member) {
    size_t length = 0;
    uint8_t *composed = u8_normalize(UNINORM_NFC, (const uint8_t *)member->name,
                                     member->name_length, NULL, &length);
    bool same = composed && strlen(name) == length && memcmp(name, composed, length) == 0;
    free(composed);
    return same || (strlen(name) == member->name_length &&
                    memcmp(name, member->name, member->name_length) == 0);
}

/* The central directory that was checked and the one that libarchive reads must be the same. */
static enum berth_code check_zip_name(struct reader *reader, const char *name) {
    size_t index = (size_t)reader->entries - 1;
    if (index < reader->zip.count && is_same_name(name, &reader->zip.members[index]))
        return BERTH_OK;
    return refuse_member(reader, BERTH_REFUSED, "zip-differs",
                         "the member has another name in the zip's directory");
}

static enum berth_code take_entry(struct reader *reader, struct archive_entry *entry) {
    if (++reader->entries > reader->limits->entries)
        return berth_fail(reader->error, BERTH_TOO_LARGE, "limit-entries",
                          "the archive has more than %lld entries",
                          (long long)reader->limits->entries);
    const char *name = archive_entry_pathname(entry);
    if (!name)
        return berth_fail(reader->error, BERTH_REFUSED, "path-utf8",
                          "a member's name is not valid UTF-8");
    reader->name[0] = '\0';
    strncat(reader->name, name, sizeof reader->name - 1);
    enum berth_code code = check_type(reader, entry);
    if (!code && !reader->stream)
        code = check_zip_name(reader, name);
    if (code)
        return code;
    char *path = strdup(name);
    if (!path)
        return berth_fail(reader->error, BERTH_NO_MEMORY, "memory", "out of memory");
    code = take_path(reader, entry, path);
    free(path);
    return code;
}

static enum berth_code take_entries(struct reader *reader) {
    for (;;) {
        struct archive_entry *entry = NULL;
        int status = archive_read_next_header(reader->archive, &entry);
        if (status == ARCHIVE_EOF)
            return BERTH_OK;
        if (status != ARCHIVE_OK)
            return refuse_archive(reader);
        enum berth_code code = take_entry(reader, entry);
        if (code)
            return code;
    }
}

/* libarchive stops at the first end mark; what follows must be padding. */
static enum berth_code finish_tar(struct reader *reader) {
    const void *data = NULL;
    la_ssize_t length = 0;
    do
        length = read_tar(reader->archive, reader, &data);
    while (length > 0);
    if (reader->failed)
        return reader->failed;
    enum berth_code code = berth_tar_guard_finish(&reader->tar, reader->error);
    if (!code && reader->tar.member_count != reader->entries)
        return berth_fail(reader->error, BERTH_REFUSED, "archive-damaged",
                          "the archive can be read in two ways");
    return code;
}

static enum berth_code finish_zip(const struct reader *reader) {
    if ((size_t)reader->entries == reader->zip.count)
        return BERTH_OK;
    return berth_fail(reader->error, BERTH_REFUSED, "zip-differs",
                      "the archive can be read in two ways");
}

static enum berth_code open_archive(struct reader *reader, bool tar) {
    reader->archive = archive_read_new();
    if (!reader->archive)
        return berth_fail(reader->error, BERTH_NO_MEMORY, "memory", "out of memory");
    struct archive *archive = reader->archive;
    /* One format and no filter: libarchive's guessing is what bombs rely on. */
    int status = tar ? archive_read_support_format_tar(archive)
                     : archive_read_support_format_zip_seekable(archive);
    archive_read_set_read_callback(archive, tar ? read_tar : read_zip);
    if (!tar) {
        archive_read_set_seek_callback(archive, seek_zip);
        archive_read_set_skip_callback(archive, skip_zip);
    }
    archive_read_set_callback_data(archive, reader);
    if (status != ARCHIVE_OK || archive_read_open1(archive) != ARCHIVE_OK)
        return refuse_archive(reader);
    return BERTH_OK;
}

static enum berth_code open_guard(struct reader *reader, enum berth_archive kind) {
    if (kind == BERTH_ZIP)
        return berth_zip_guard_read(&reader->zip, reader->fd, reader->archive_bytes, reader->limits,
                                    reader->error);
    return berth_stream_open(kind, reader->fd, reader->archive_bytes, reader->limits,
                             &reader->stream, reader->error);
}

static enum berth_code read_all(struct reader *reader, enum berth_archive kind) {
    enum berth_code code = open_guard(reader, kind);
    /* libarchive does not know a zip without members for one. */
    if (!code && kind == BERTH_ZIP && reader->zip.count == 0)
        return BERTH_OK;
    if (!code)
        code = open_archive(reader, kind != BERTH_ZIP);
    if (!code)
        code = take_entries(reader);
    if (!code)
        code = kind == BERTH_ZIP ? finish_zip(reader) : finish_tar(reader);
    return code;
}

/* libarchive converts names to the locale's character set and warns where it cannot, which in the
 * "C" locale is every name that is not ASCII. The process's locale is left alone. */
static locale_t utf8;
static int utf8_errno;

static void open_locale(void) {
    utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    utf8_errno = errno;
}

enum berth_code berth_archive_prepare(struct berth_error *error) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, open_locale);
    if (utf8)
        return BERTH_OK;
    errno = utf8_errno;
    return berth_fail_errno(error, "locale", "cannot use the locale C.UTF-8");
}

static enum berth_code read_in_utf8(struct reader *reader, enum berth_archive kind) {
    enum berth_code code = berth_archive_prepare(reader->error);
    if (code)
        return code;
    locale_t before = uselocale(utf8);
    code = read_all(reader, kind);
    uselocale(before);
    return code;
}

enum berth_code berth_archive_scan(int fd, int64_t archive_bytes, enum berth_archive kind,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_sink *sink, struct berth_error *error) {
    /* On the heap: a piece is more than half of a worker's stack. */
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    reader->limits = limits;
    reader->sink = sink;
    reader->error = error;
    reader->fd = fd;
    reader->archive_bytes = archive_bytes;
    berth_tar_guard_init(&reader->tar);
    enum berth_code code = read_in_utf8(reader, kind);
    archive_read_free(reader->archive);
    berth_stream_close(reader->stream);
    berth_tar_guard_done(&reader->tar);
    berth_zip_guard_done(&reader->zip);
    free(reader);
    return code;
}

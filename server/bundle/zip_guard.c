/* Numbers in the comments are sections of PKWARE's APPNOTE 6.3.10. */
#include "zip_guard.h"
#include "berth/bundle.h"
#include "path.h"
#include "stream.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    END_BYTES = 22,     /* 4.3.16 end of central directory record */
    LOCATOR_BYTES = 20, /* 4.3.15 zip64 locator, just before it */
    CENTRAL_BYTES = 46, /* 4.3.12, without name, extra and comment */
    LOCAL_BYTES = 30,   /* 4.3.7, without name and extra */
    MAX_DIRECTORY_BYTES = 32 * 1024 * 1024,
    MAX_DESCRIPTOR_BYTES = 24,
    FLAG_ENCRYPTED = 1 << 0,
    FLAG_DESCRIPTOR = 1 << 3, /* sizes and CRC follow the data, 4.4.4 */
    FLAG_STRONG = 1 << 6,
    FLAG_MASKED = 1 << 13,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8,
    MADE_BY_UNIX = 3,
    MADE_BY_DARWIN = 19,
    EXTRA_ZIP64 = 0x0001,
};

static uint16_t u16(const unsigned char *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t u32(const unsigned char *at) {
    return (uint32_t)u16(at) | (uint32_t)u16(at + 2) << 16;
}

/* Fields of a central record. */
static uint16_t made_by(const unsigned char *record) {
    return record[5];
}
static uint16_t flags(const unsigned char *record) {
    return u16(record + 8);
}
static uint16_t method(const unsigned char *record) {
    return u16(record + 10);
}
static uint32_t packed_bytes(const unsigned char *record) {
    return u32(record + 20);
}
static uint32_t file_bytes(const unsigned char *record) {
    return u32(record + 24);
}
static uint16_t name_bytes(const unsigned char *record) {
    return u16(record + 28);
}
static uint16_t extra_bytes(const unsigned char *record) {
    return u16(record + 30);
}
static uint16_t comment_bytes(const unsigned char *record) {
    return u16(record + 32);
}
static uint32_t mode(const unsigned char *record) {
    return u32(record + 38) >> 16;
}
static uint32_t local_offset(const unsigned char *record) {
    return u32(record + 42);
}

struct zip_end {
    int64_t offset; /* of the end record itself */
    uint32_t count;
    uint32_t directory_bytes;
    uint32_t directory_offset;
};

static enum berth_code read_at(int fd, unsigned char *data, size_t length, int64_t offset,
                               struct berth_error *error) {
    ssize_t got = pread(fd, data, length, offset);
    if (got < 0)
        return berth_fail_errno(error, "archive-read", "cannot read the archive");
    return (size_t)got == length ? BERTH_OK : berth_unpacker_refuse_truncated(error);
}

static enum berth_code refuse_member(const struct berth_zip_member *member, const char *rule,
                                     const char *text, const char *hint,
                                     struct berth_error *error) {
    berth_fail(error, BERTH_REFUSED, rule, "%s", text);
    berth_path_where(error, (const char *)member->name, member->name_length);
    berth_error_hint(error, "%s", hint);
    return BERTH_REFUSED;
}

static const char hint_repack[] = "pack again with zip -r or a similar tool";

/* The end record of the zip, with `left` bytes from its start to the end of the archive. */
static enum berth_code read_end(const unsigned char *end, size_t left, struct berth_error *error) {
    size_t size = END_BYTES + (size_t)u16(end + 20);
    if (size > left)
        return berth_unpacker_refuse_truncated(error);
    if (!berth_is_zero(end + size, left - size))
        return berth_unpacker_refuse_junk(error);
    if (u16(end + 4) || u16(end + 6) || u16(end + 8) != u16(end + 10))
        return berth_fail(error, BERTH_REFUSED, "zip-multidisk", "the zip has several parts");
    return BERTH_OK;
}

static enum berth_code search_end(const unsigned char *tail, size_t length, int64_t offset,
                                  struct zip_end *ret, struct berth_error *error) {
    for (size_t i = length < END_BYTES ? 0 : length - END_BYTES + 1; i-- > 0;) {
        const unsigned char *end = tail + i;
        if (memcmp(end, "PK\5\6", 4) != 0)
            continue;
        if (i >= LOCATOR_BYTES && memcmp(end - LOCATOR_BYTES, "PK\6\7", 4) == 0)
            return berth_fail(error, BERTH_REFUSED, "zip-zip64",
                              "the zip is in the zip64 form, for archives over 4 GiB");
        *ret = (struct zip_end){.offset = offset + (int64_t)i,
                                .count = u16(end + 10),
                                .directory_bytes = u32(end + 12),
                                .directory_offset = u32(end + 16)};
        return read_end(end, length - i, error);
    }
    return berth_unpacker_refuse_truncated(error);
}

/* The last signature in the tail is the record that readers take; libarchive looks through as
 * many bytes. */
static enum berth_code find_end(int fd, int64_t archive_bytes, struct zip_end *ret,
                                struct berth_error *error) {
    size_t length =
        archive_bytes < BERTH_MAX_FILL_BYTES ? (size_t)archive_bytes : BERTH_MAX_FILL_BYTES;
    int64_t offset = archive_bytes - (int64_t)length;
    unsigned char *tail = malloc(length + 1);
    if (!tail)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    enum berth_code code = read_at(fd, tail, length, offset, error);
    if (!code)
        code = search_end(tail, length, offset, ret, error);
    free(tail);
    return code;
}

static enum berth_code check_end(const struct zip_end *end,
                                 const struct berth_bundle_limits *limits,
                                 struct berth_error *error) {
    if (end->count > limits->entries)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-entries",
                          "the archive has %u entries, the limit is %lld", (unsigned)end->count,
                          (long long)limits->entries);
    if (end->directory_bytes > MAX_DIRECTORY_BYTES)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-entries",
                          "the zip's directory is larger than 32 MiB");
    if ((int64_t)end->directory_offset + end->directory_bytes != end->offset) {
        berth_fail(error, BERTH_REFUSED, "zip-differs",
                   "the zip's directory is not where its end record says");
        berth_error_hint(error, "%s", hint_repack);
        return BERTH_REFUSED;
    }
    return BERTH_OK;
}

static bool has_extra(const unsigned char *extra, size_t length, uint16_t wanted) {
    while (length >= 4) {
        size_t size = 4 + (size_t)u16(extra + 2);
        if (u16(extra) == wanted)
            return true;
        if (size > length)
            return false;
        extra += size;
        length -= size;
    }
    return false;
}

static bool is_folder_name(const struct berth_zip_member *member) {
    return member->name_length > 0 && member->name[member->name_length - 1] == '/';
}

static enum berth_code check_type(const struct berth_zip_member *member,
                                  struct berth_error *error) {
    const unsigned char *record = member->record;
    bool unix_mode = made_by(record) == MADE_BY_UNIX || made_by(record) == MADE_BY_DARWIN;
    uint32_t type = unix_mode ? mode(record) & S_IFMT : 0;
    if (type == S_IFLNK)
        return refuse_member(member, "type-symlink", "the member is a symbolic link",
                             "pack the files that links lead to", error);
    if (type && type != S_IFREG && type != S_IFDIR)
        return refuse_member(member, "type-device", "the member is a special file",
                             "pack regular files and folders only", error);
    bool folder = is_folder_name(member);
    if ((type == S_IFDIR && !folder) || (type == S_IFREG && folder))
        return refuse_member(member, "zip-differs", "the member's name and type differ",
                             hint_repack, error);
    if (folder && file_bytes(record))
        return refuse_member(member, "zip-differs", "the folder has contents", hint_repack, error);
    return BERTH_OK;
}

/* Here, since libarchive hands out names with backslashes turned into slashes, and warns where one
 * does not convert. */
static enum berth_code check_name(const struct berth_zip_member *member,
                                  struct berth_error *error) {
    char name[BERTH_PATH_MAX_BYTES + 4];
    if (member->name_length >= sizeof name)
        return refuse_member(member, "path-long", "the name is longer than 512 bytes", hint_repack,
                             error);
    size_t length = member->name_length;
    memcpy(name, member->name, length);
    if (length > 1 && name[length - 1] == '/')
        length--;
    name[length] = '\0';
    bool root = strcmp(name, ".") == 0;
    return root ? BERTH_OK : berth_path_check(name, length, error);
}

static enum berth_code check_member(const struct berth_zip_member *member,
                                    struct berth_error *error) {
    const unsigned char *record = member->record;
    if (flags(record) & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED))
        return refuse_member(member, "zip-encrypted", "the member is encrypted",
                             "pack without a password", error);
    if (method(record) != METHOD_STORED && method(record) != METHOD_DEFLATED)
        return refuse_member(member, "zip-method",
                             "the member is compressed by another method than deflate",
                             "pack with zip's default method", error);
    if (has_extra(member->name + member->name_length, extra_bytes(record), EXTRA_ZIP64))
        return refuse_member(member, "zip-zip64", "the member is in the zip64 form", hint_repack,
                             error);
    enum berth_code code = check_name(member, error);
    return code ? code : check_type(member, error);
}

static enum berth_code refuse_directory(struct berth_error *error) {
    berth_fail(error, BERTH_REFUSED, "archive-damaged", "the zip's directory is damaged");
    berth_error_hint(error, "%s", hint_repack);
    return BERTH_REFUSED;
}

static enum berth_code take_members(struct berth_zip_guard *guard, size_t directory_bytes,
                                    struct berth_error *error) {
    size_t used = 0;
    for (size_t i = 0; i < guard->count; i++) {
        const unsigned char *record = guard->directory + used;
        if (directory_bytes - used < CENTRAL_BYTES || memcmp(record, "PK\1\2", 4) != 0)
            return refuse_directory(error);
        size_t size = CENTRAL_BYTES + (size_t)name_bytes(record) + extra_bytes(record) +
                      comment_bytes(record);
        if (size > directory_bytes - used)
            return refuse_directory(error);
        guard->members[i] = (struct berth_zip_member){.record = record,
                                                      .name = record + CENTRAL_BYTES,
                                                      .name_length = name_bytes(record),
                                                      .local_offset = local_offset(record)};
        enum berth_code code = check_member(&guard->members[i], error);
        if (code)
            return code;
        used += size;
    }
    return used == directory_bytes ? BERTH_OK : refuse_directory(error);
}

static enum berth_code check_sizes(const struct berth_zip_guard *guard, int64_t archive_bytes,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_error *error) {
    int64_t total = 0;
    for (size_t i = 0; i < guard->count; i++)
        total += file_bytes(guard->members[i].record);
    /* At most 65,535 members of 4 GiB: no overflow above. One file's limit is the reader's. */
    if (total > limits->unpacked_bytes)
        return berth_fail(error, BERTH_TOO_LARGE, "limit-unpacked-bytes",
                          "the files have %lld bytes together, the limit is %lld", (long long)total,
                          (long long)limits->unpacked_bytes);
    return berth_ratio_check(total, archive_bytes, limits, error);
}

/* With a descriptor a local field may be zero, or all ones as room for zip64 that was not needed;
 * `zip -` knows the size of the file but not of the data when it writes the header. */
static bool field_matches(uint32_t local, uint32_t central, bool described) {
    return local == central || (described && (local == 0 || local == UINT32_MAX));
}

static bool sizes_match(const unsigned char *local, const unsigned char *record) {
    bool described = flags(record) & FLAG_DESCRIPTOR;
    return field_matches(u32(local + 14), u32(record + 16), described) &&
           field_matches(u32(local + 18), packed_bytes(record), described) &&
           field_matches(u32(local + 22), file_bytes(record), described);
}

static bool names_match(int fd, const struct berth_zip_member *member) {
    unsigned char name[BERTH_PATH_MAX_BYTES + 4];
    ssize_t got = pread(fd, name, member->name_length, (off_t)member->local_offset + LOCAL_BYTES);
    return got == (ssize_t)member->name_length &&
           memcmp(name, member->name, member->name_length) == 0;
}

/* `limit` is where the next member's header, or the directory, begins. */
static enum berth_code check_local(int fd, const struct berth_zip_member *member, int64_t limit,
                                   struct berth_error *error) {
    unsigned char local[LOCAL_BYTES];
    enum berth_code code = read_at(fd, local, sizeof local, member->local_offset, error);
    if (code)
        return code;
    const unsigned char *record = member->record;
    if (memcmp(local, "PK\3\4", 4) != 0 || u16(local + 6) != flags(record) ||
        u16(local + 8) != method(record) || u16(local + 26) != member->name_length ||
        !sizes_match(local, record) || !names_match(fd, member))
        return refuse_member(member, "zip-differs",
                             "the member's local header and the zip's directory differ",
                             hint_repack, error);
    int64_t end = (int64_t)member->local_offset + LOCAL_BYTES + member->name_length +
                  u16(local + 28) + packed_bytes(record);
    if (end > limit)
        return refuse_member(member, "zip-overlap", "the member overlaps another", hint_repack,
                             error);
    /* 4.3.9: a descriptor of 12 to 24 bytes may follow, nothing else: it could be a member that
     * readers of the stream see and readers of the directory do not. */
    bool described = flags(record) & FLAG_DESCRIPTOR;
    if (limit - end > (described ? MAX_DESCRIPTOR_BYTES : 0))
        return refuse_member(member, "zip-differs", "bytes that belong to no member follow it",
                             hint_repack, error);
    return BERTH_OK;
}

static int by_offset(const void *a, const void *b) {
    uint32_t x = ((const struct berth_zip_member *)a)->local_offset;
    uint32_t y = ((const struct berth_zip_member *)b)->local_offset;
    return (x > y) - (x < y);
}

static enum berth_code check_locals(struct berth_zip_guard *guard, int fd,
                                    const struct zip_end *end, struct berth_error *error) {
    if (guard->count)
        qsort(guard->members, guard->count, sizeof *guard->members, by_offset);
    if (guard->count && guard->members[0].local_offset != 0)
        return refuse_member(&guard->members[0], "zip-differs",
                             "bytes that belong to no member come first", hint_repack, error);
    for (size_t i = 0; i < guard->count; i++) {
        const struct berth_zip_member *member = &guard->members[i];
        int64_t limit = i + 1 < guard->count ? (int64_t)guard->members[i + 1].local_offset
                                             : (int64_t)end->directory_offset;
        enum berth_code code = check_local(fd, member, limit, error);
        if (code)
            return code;
    }
    return BERTH_OK;
}

static enum berth_code load(struct berth_zip_guard *guard, int fd, const struct zip_end *end,
                            struct berth_error *error) {
    guard->count = end->count;
    guard->members = calloc(guard->count ? guard->count : 1, sizeof *guard->members);
    guard->directory = malloc(end->directory_bytes ? end->directory_bytes : 1);
    if (!guard->members || !guard->directory)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    return read_at(fd, guard->directory, end->directory_bytes, end->directory_offset, error);
}

enum berth_code berth_zip_guard_read(struct berth_zip_guard *guard, int fd, int64_t archive_bytes,
                                     const struct berth_bundle_limits *limits,
                                     struct berth_error *error) {
    *guard = (struct berth_zip_guard){0};
    struct zip_end end = {0};
    enum berth_code code = find_end(fd, archive_bytes, &end, error);
    if (!code)
        code = check_end(&end, limits, error);
    if (!code)
        code = load(guard, fd, &end, error);
    if (!code)
        code = take_members(guard, end.directory_bytes, error);
    if (!code)
        code = check_sizes(guard, archive_bytes, limits, error);
    if (!code)
        code = check_locals(guard, fd, &end, error);
    if (code)
        berth_zip_guard_done(guard);
    return code;
}

void berth_zip_guard_done(struct berth_zip_guard *guard) {
    free(guard->members);
    free(guard->directory);
    *guard = (struct berth_zip_guard){0};
}

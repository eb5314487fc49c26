#include "tar_guard.h"
#include "kind.h"
#include "path.h"
#include "stream.h"

#include <stdlib.h>
#include <string.h>

enum {
    BLOCK = BERTH_TAR_BLOCK_BYTES,
    NAME_OFFSET = 0,
    NAME_BYTES = 100,
    SIZE_OFFSET = 124,
    SIZE_BYTES = 12,
    TYPE_OFFSET = 156,
    MAX_BODY_BYTES = 64 * 1024,
    MAX_NAME_BYTES = 4096,
    MAX_PRELUDES = 4,
    END_BYTES = 2 * BLOCK,
    MAX_PADDING_BYTES = 1024 * 1024, /* tar pads to its record, 10 KiB unless told otherwise */
};

void berth_tar_guard_init(struct berth_tar_guard *guard) {
    *guard = (struct berth_tar_guard){.pax_size = -1};
    berth_buffer_init(&guard->body, MAX_BODY_BYTES);
    berth_buffer_init(&guard->name, MAX_NAME_BYTES);
}

void berth_tar_guard_done(struct berth_tar_guard *guard) {
    berth_buffer_done(&guard->body);
    berth_buffer_done(&guard->name);
}

static void restart(struct berth_buffer *buffer) {
    size_t max = buffer->max;
    berth_buffer_done(buffer);
    berth_buffer_init(buffer, max);
}

static void set_where(const struct berth_tar_guard *guard, const unsigned char *header,
                      struct berth_error *error) {
    if (guard->name.length)
        berth_path_where(error, guard->name.data, guard->name.length);
    else if (header)
        berth_path_where(error, (const char *)header + NAME_OFFSET,
                         strnlen((const char *)header + NAME_OFFSET, NAME_BYTES));
}

struct refused_type {
    char type;
    const char *slug;
    const char *text;
};

static const struct refused_type refused_types[] = {
    {'1', "type-hardlink", "the member is a hard link"},
    {'2', "type-symlink", "the member is a symbolic link"},
    {'3', "type-device", "the member is a character device"},
    {'4', "type-device", "the member is a block device"},
    {'6', "type-fifo", "the member is a fifo"},
    {'K', "type-symlink", "the member is a link with a long target"},
    {'S', "type-sparse", "the member is a sparse file"},
};

static enum berth_code refuse_type(const struct berth_tar_guard *guard, const unsigned char *header,
                                   char type, struct berth_error *error) {
    const char *slug = "type-unknown";
    const char *text = "the member is of a type that tar readers do not agree on";
    for (size_t i = 0; i < sizeof refused_types / sizeof *refused_types; i++) {
        if (refused_types[i].type != type)
            continue;
        slug = refused_types[i].slug;
        text = refused_types[i].text;
    }
    berth_fail(error, BERTH_REFUSED, slug, "%s", text);
    set_where(guard, header, error);
    berth_error_hint(error, "pack regular files and folders only, e.g. with tar --dereference "
                            "--hard-dereference");
    return BERTH_REFUSED;
}

static enum berth_code refuse_header(const struct berth_tar_guard *guard,
                                     const unsigned char *header, const char *text,
                                     struct berth_error *error) {
    berth_fail(error, BERTH_REFUSED, "archive-damaged", "%s", text);
    set_where(guard, header, error);
    return BERTH_REFUSED;
}

static int64_t padded(int64_t bytes) {
    return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

static enum berth_code begin_member(struct berth_tar_guard *guard, const unsigned char *header,
                                    int64_t bytes, struct berth_error *error) {
    if (guard->sparse)
        return refuse_type(guard, header, 'S', error);
    if (guard->pax_size >= 0 && guard->pax_size != bytes)
        return refuse_header(guard, header, "the member states two sizes", error);
    if (header[TYPE_OFFSET] == '5' && bytes != 0)
        return refuse_header(guard, header, "the folder has contents", error);
    guard->skip_bytes = padded(bytes);
    guard->member_count++;
    guard->prelude_count = 0;
    guard->pax_size = -1;
    restart(&guard->name);
    return BERTH_OK;
}

static enum berth_code begin_prelude(struct berth_tar_guard *guard, const unsigned char *header,
                                     int64_t bytes, struct berth_error *error) {
    if (bytes > MAX_BODY_BYTES || ++guard->prelude_count > MAX_PRELUDES)
        return refuse_header(guard, header, "the member's extended header is too large", error);
    restart(&guard->body);
    guard->body_type = (char)header[TYPE_OFFSET];
    guard->body_bytes = bytes;
    return BERTH_OK;
}

static const char not_tar[] = "the compressed content is not a tar archive";

static enum berth_code take_header(struct berth_tar_guard *guard, const unsigned char *header,
                                   struct berth_error *error) {
    if (!berth_tar_header_is(header)) {
        if (!guard->started)
            return berth_archive_refuse_unknown(error, not_tar);
        return refuse_header(guard, NULL, "a member's header is damaged", error);
    }
    guard->started = true;
    int64_t bytes = berth_tar_number(header + SIZE_OFFSET, SIZE_BYTES);
    if (bytes < 0)
        return refuse_header(guard, header, "the member's size is not a number", error);
    char type = (char)header[TYPE_OFFSET];
    switch (type) {
    case '\0':
    case '0':
    case '5':
        return begin_member(guard, header, bytes, error);
    case 'x':
    case 'g':
    case 'L':
        return begin_prelude(guard, header, bytes, error);
    default:
        return refuse_type(guard, header, type, error);
    }
}

/* One pax record's value. Keys that change nothing we keep (times, owners, comments) pass. */
static enum berth_code take_pax_value(struct berth_tar_guard *guard, const char *key,
                                      const char *value, size_t length, struct berth_error *error) {
    bool named = strcmp(key, "path") == 0;
    if (strncmp(key, "GNU.sparse.", 11) == 0 || strcmp(key, "SCHILY.realsize") == 0)
        guard->sparse = true; /* refused with the member's own header, which has its name */
    if (named && memchr(value, '\0', length)) {
        berth_fail(error, BERTH_REFUSED, "path-nul", "the name holds a NUL byte");
        berth_path_where(error, value, length);
        return BERTH_REFUSED;
    }
    if (guard->body_type == 'g' && (named || strcmp(key, "size") == 0))
        return berth_fail(error, BERTH_REFUSED, "archive-damaged",
                          "a global header gives all members one %s", key);
    if (named) {
        restart(&guard->name);
        berth_buffer_add(&guard->name, value, length);
    }
    if (strcmp(key, "size") == 0) {
        char *end = NULL;
        guard->pax_size = strtoll(value, &end, 10);
        if (end == value || end != value + length || guard->pax_size < 0)
            return berth_fail(error, BERTH_REFUSED, "archive-damaged",
                              "a pax size is not a number");
    }
    return BERTH_OK;
}

/* "LENGTH KEY=VALUE\n", with LENGTH counting all of it. */
static enum berth_code take_pax_record(struct berth_tar_guard *guard, char *record, size_t left,
                                       size_t *ret_length, struct berth_error *error) {
    char *key = NULL;
    unsigned long long length = strtoull(record, &key, 10);
    char *equals = key != record && *key == ' ' ? strchr(key, '=') : NULL;
    if (!equals || length > left || length < 2 || record[length - 1] != '\n' ||
        equals >= record + length)
        return berth_fail(error, BERTH_REFUSED, "archive-damaged", "a pax record is malformed");
    *equals = '\0';
    record[length - 1] = '\0';
    *ret_length = (size_t)length;
    return take_pax_value(guard, key + 1, equals + 1, (size_t)(record + length - 1 - equals - 1),
                          error);
}

static enum berth_code take_pax(struct berth_tar_guard *guard, struct berth_error *error) {
    size_t used = 0;
    while (used < guard->body.length) {
        size_t length = 0;
        enum berth_code code = take_pax_record(guard, guard->body.data + used,
                                               guard->body.length - used, &length, error);
        if (code) {
            set_where(guard, NULL, error);
            return code;
        }
        used += length;
    }
    return BERTH_OK;
}

static enum berth_code take_long_name(struct berth_tar_guard *guard, struct berth_error *error) {
    const char *name = guard->body.data ? guard->body.data : "";
    size_t length = strnlen(name, guard->body.length);
    if (!berth_is_zero((const unsigned char *)name + length, guard->body.length - length)) {
        berth_fail(error, BERTH_REFUSED, "path-nul", "the name holds a NUL byte");
        berth_path_where(error, name, guard->body.length);
        return BERTH_REFUSED;
    }
    restart(&guard->name);
    berth_buffer_add(&guard->name, name, length);
    return BERTH_OK;
}

static enum berth_code take_body(struct berth_tar_guard *guard, const unsigned char *block,
                                 struct berth_error *error) {
    int64_t take = guard->body_bytes < BLOCK ? guard->body_bytes : BLOCK;
    berth_buffer_add(&guard->body, block, (size_t)take);
    guard->body_bytes -= take;
    if (guard->body.failed)
        return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
    if (guard->body_bytes > 0)
        return BERTH_OK;
    return guard->body_type == 'L' ? take_long_name(guard, error) : take_pax(guard, error);
}

static enum berth_code take_block(struct berth_tar_guard *guard, const unsigned char *block,
                                  struct berth_error *error) {
    if (guard->body_bytes > 0)
        return take_body(guard, block, error);
    bool zero = berth_is_zero(block, BLOCK);
    if (guard->padding_bytes && !zero)
        return berth_unpacker_refuse_junk(error);
    if (!zero)
        return take_header(guard, block, error);
    guard->padding_bytes += BLOCK;
    return guard->padding_bytes > MAX_PADDING_BYTES ? berth_unpacker_refuse_junk(error) : BERTH_OK;
}

static enum berth_code refuse_short_block(const struct berth_tar_guard *guard,
                                          struct berth_error *error) {
    if (guard->padding_bytes >= END_BYTES)
        return berth_unpacker_refuse_junk(error);
    return guard->started ? berth_unpacker_refuse_truncated(error)
                          : berth_archive_refuse_unknown(error, not_tar);
}

enum berth_code berth_tar_guard_add(struct berth_tar_guard *guard, const unsigned char *data,
                                    size_t length, struct berth_error *error) {
    while (length) {
        size_t take = length < BLOCK ? length : BLOCK;
        if (guard->skip_bytes > 0) {
            take = (int64_t)length < guard->skip_bytes ? length : (size_t)guard->skip_bytes;
            guard->skip_bytes -= (int64_t)take;
        } else if (take < BLOCK) {
            return refuse_short_block(guard, error);
        } else {
            enum berth_code code = take_block(guard, data, error);
            if (code)
                return code;
        }
        data += take;
        length -= take;
    }
    return BERTH_OK;
}

enum berth_code berth_tar_guard_finish(const struct berth_tar_guard *guard,
                                       struct berth_error *error) {
    if (guard->skip_bytes > 0 || guard->body_bytes > 0 || guard->prelude_count > 0 ||
        guard->padding_bytes < END_BYTES)
        return berth_unpacker_refuse_truncated(error);
    return BERTH_OK;
}

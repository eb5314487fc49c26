/* What guards requests, on any bytes: the first byte says in how large pieces the rest comes. What
 * passes must be, byte by byte, a head as RFC 9112 writes it; the sanitizers watch the rest. */
#include "http/parse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

/* Takes `text` off the front of what is left. */
static const char *expect(const char *at, const char *end, const char *text) {
    size_t length = strlen(text);
    must((size_t)(end - at) >= length && memcmp(at, text, length) == 0);
    return at + length;
}

static const char *skip_spaces(const char *at, const char *end) {
    while (at < end && *at == ' ')
        at++;
    return at;
}

/* Writes the request again and holds it against what came. */
static void check_request(const struct berth_request *request, const char *at, const char *end) {
    for (const char *c = request->method; *c; c++)
        must(berth_is_token_char((unsigned char)*c));
    must(request->method[0] && request->target[0] == '/');
    at = expect(expect(at, end, request->method), end, " ");
    at = expect(at, end, request->target);
    if (request->query)
        at = expect(expect(at, end, "?"), end, request->query);
    at = expect(expect(at, end, " HTTP/"), end, request->version);
    at = expect(at, end, "\r\n");
    must(request->field_count >= 1 && request->field_count <= BERTH_MAX_FIELDS);
    for (size_t i = 0; i < request->field_count; i++) {
        const char *value = request->fields[i].value;
        must(request->fields[i].name[0]);
        must(berth_is_field_value(value, strlen(value)));
        at = expect(expect(at, end, request->fields[i].name), end, ":");
        at = expect(skip_spaces(at, end), end, value);
        at = expect(skip_spaces(at, end), end, "\r\n");
    }
    must(expect(at, end, "\r\n") == end);
}

static size_t count_fields(const struct berth_request *request, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++)
        count += strcasecmp(request->fields[i].name, name) == 0;
    return count;
}

/* What two readers could understand differently. */
static void check_framing(const struct berth_request *request) {
    const struct berth_framing *framing = &request->framing;
    size_t lengths = count_fields(request, "Content-Length");
    must(count_fields(request, "Host") == 1 && count_fields(request, "Transfer-Encoding") == 0);
    must(lengths <= 1 && (lengths == 1) == (framing->body_bytes >= 0));
    must(strcmp(request->method, "GET") != 0 || framing->body_bytes <= 0);
    must(framing->body_bytes < INT64_C(1000000000000000));
}

static void try_parse(const char *bytes, size_t length) {
    char *copy = malloc(length);
    char *elsewhere = malloc(length);
    struct berth_request *request = malloc(sizeof *request);
    must(copy && elsewhere && request);
    memcpy(copy, bytes, length);
    if (berth_parse_head(copy, length, request, NULL) == BERTH_OK) {
        memcpy(elsewhere, copy, length);
        berth_request_move(request, copy, elsewhere);
        memset(copy, 'x', length);
        check_request(request, bytes, bytes + length);
        check_framing(request);
    }
    free(copy);
    free(elsewhere);
    free(request);
}

static enum berth_scan scan_in_pieces(const char *bytes, size_t size, size_t step, size_t *ret) {
    size_t line = 0, length = 0;
    enum berth_scan scan = BERTH_SCAN_MORE;
    while (scan == BERTH_SCAN_MORE && length < size) {
        length = size - length < step ? size : length + step;
        scan = berth_scan_head(bytes, length, &line, ret);
    }
    return scan;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    const char *bytes = (const char *)data + 1;
    size_t step = data[0] % 64 + 1;
    size -= 1;
    while (size > 0) {
        size_t whole = 0, pieces = 0;
        enum berth_scan scan = scan_in_pieces(bytes, size, size, &whole);
        must(scan_in_pieces(bytes, size, step, &pieces) == scan && whole == pieces);
        if (scan != BERTH_SCAN_WHOLE)
            return 0;
        must(whole >= 2 && whole <= size);
        try_parse(bytes, whole);
        bytes += whole;
        size -= whole;
    }
    return 0;
}

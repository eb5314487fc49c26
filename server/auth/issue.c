#include "berth/auth.h"
#include "berth/name.h"
#include "token.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ID_RANDOM_BYTES = 6,
    ALL_SCOPES = BERTH_SCOPE_READ | BERTH_SCOPE_PUBLISH | BERTH_SCOPE_ACTIVATE | BERTH_SCOPE_ADMIN,
};

static const char FIRST_NAME[] = "admin.token";
static const char FIRST_TEMP[] = "admin.token.new";

struct token {
    char text[BERTH_TOKEN_TEXT_BYTES];
    char id[BERTH_TOKEN_ID_BYTES];
};

static void make_token(struct token *ret) {
    unsigned char secret[TOKEN_SECRET_BYTES];
    unsigned char id[ID_RANDOM_BYTES];
    berth_random(secret, sizeof secret);
    berth_random(id, sizeof id);
    memcpy(ret->text, TOKEN_PREFIX, TOKEN_PREFIX_LENGTH);
    berth_base64url(secret, sizeof secret, ret->text + TOKEN_PREFIX_LENGTH);
    for (size_t i = 0; i < sizeof id; i++)
        (void)snprintf(ret->id + 2 * i, 3, "%02x", id[i]);
    explicit_bzero(secret, sizeof secret);
}

static bool is_printable(const char *name) {
    size_t length = 0;
    for (; name[length] != '\0'; length++)
        if (name[length] < ' ' || name[length] > '~')
            return false;
    return length > 0 && length < BERTH_TOKEN_NAME_BYTES;
}

static enum berth_code check_request(const struct berth_token_request *request, int64_t now_ms,
                                     struct berth_error *error) {
    if (!request->name || !is_printable(request->name))
        return berth_fail(error, BERTH_INVALID, "token-name",
                          "a token's name is 1 to %d printable ASCII characters",
                          BERTH_TOKEN_NAME_BYTES - 1);
    if (request->scopes == 0 || (request->scopes & ~(unsigned)ALL_SCOPES) != 0)
        return berth_fail(error, BERTH_INVALID, "scope-unknown", "a token needs a known scope");
    if (request->expires_ms != 0 && request->expires_ms <= now_ms)
        return berth_fail(error, BERTH_INVALID, "token-expiry",
                          "the token would have expired already");
    return request->module ? berth_module_pattern_check(request->module, error) : BERTH_OK;
}

static enum berth_code add_token(struct berth_registry *registry,
                                 const struct berth_token_request *request,
                                 const struct token *token, const struct berth_actor *by,
                                 int64_t now_ms, struct berth_error *error) {
    struct berth_token_record record = {
        .id = token->id,
        .name = request->name,
        .secret = berth_sha256(token->text, TOKEN_LENGTH),
        .module = request->module ? request->module : "*",
        .scopes = request->scopes,
        .created_ms = now_ms,
        .expires_ms = request->expires_ms,
    };
    return registry->ops->token_add(registry, &record, by, error);
}

enum berth_code berth_auth_issue(struct berth_registry *registry,
                                 const struct berth_token_request *request,
                                 const struct berth_actor *by, int64_t now_ms,
                                 char ret_text[BERTH_TOKEN_TEXT_BYTES],
                                 char ret_id[BERTH_TOKEN_ID_BYTES], struct berth_error *error) {
    struct token token = {0};
    enum berth_code code = check_request(request, now_ms, error);
    if (code)
        return code;
    make_token(&token);
    code = add_token(registry, request, &token, by, now_ms, error);
    if (!code) {
        memcpy(ret_text, token.text, sizeof token.text);
        memcpy(ret_id, token.id, sizeof token.id);
    }
    explicit_bzero(&token, sizeof token);
    return code;
}

static bool note_next(const struct berth_token_record *token, void *context) {
    struct berth_rotated *rotated = context;
    struct berth_principal *principal = &rotated->principal;
    (void)snprintf(principal->id, sizeof principal->id, "%s", token->id);
    (void)snprintf(principal->name, sizeof principal->name, "%s", token->name);
    (void)snprintf(principal->module, sizeof principal->module, "%s", token->module);
    principal->scopes = token->scopes;
    rotated->expires_ms = token->expires_ms;
    return true;
}

enum berth_code berth_auth_rotate(struct berth_registry *registry, const char *id,
                                  int64_t overlap_s, const struct berth_actor *by, int64_t now_ms,
                                  struct berth_rotated *ret, struct berth_error *error) {
    if (overlap_s < 0 || overlap_s > BERTH_ROTATE_MAX_OVERLAP_S)
        return berth_fail(error, BERTH_INVALID, "token-overlap", "an overlap is 0 to %d seconds",
                          BERTH_ROTATE_MAX_OVERLAP_S);
    struct token token = {0};
    make_token(&token);
    struct berth_token_rotate request = {
        .id = id,
        .next = token.id,
        .secret = berth_sha256(token.text, TOKEN_LENGTH),
        .at_ms = now_ms,
        .overlap_ms = overlap_s * 1000,
        .by = *by,
    };
    *ret = (struct berth_rotated){.old_expires_ms = now_ms + request.overlap_ms};
    enum berth_code code = registry->ops->token_rotate(registry, &request, note_next, ret, error);
    if (!code)
        memcpy(ret->text, token.text, sizeof token.text);
    explicit_bzero(&token, sizeof token);
    return code;
}

static enum berth_code write_line(int fd, const char *text, struct berth_error *error) {
    char line[BERTH_TOKEN_TEXT_BYTES + 1];
    int length = snprintf(line, sizeof line, "%s\n", text);
    errno = 0;
    ssize_t written = write(fd, line, (size_t)length);
    explicit_bzero(line, sizeof line);
    if (written >= 0 && written != length)
        errno = ENOSPC; /* a short write to a file is a disk that became full */
    if (written != length || fsync(fd) != 0)
        return berth_fail_errno(error, "token-file", "cannot write the first token");
    return BERTH_OK;
}

/* Whole or not at all, and 0600 from the start. */
static enum berth_code write_file(int directory_fd, const char *text, struct berth_error *error) {
    (void)unlinkat(directory_fd, FIRST_TEMP, 0); /* of a server killed here */
    int fd = openat(directory_fd, FIRST_TEMP, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0600);
    if (fd < 0)
        return berth_fail_errno(error, "token-file", "cannot make the first token's file");
    enum berth_code code = write_line(fd, text, error);
    close(fd);
    if (!code && renameat(directory_fd, FIRST_TEMP, directory_fd, FIRST_NAME) != 0)
        code = berth_fail_errno(error, "token-file", "cannot name the first token's file");
    if (!code && fsync(directory_fd) != 0)
        code = berth_fail_errno(error, "token-file", "cannot sync the data directory");
    if (code)
        (void)unlinkat(directory_fd, FIRST_TEMP, 0);
    return code;
}

static bool note_any(const struct berth_token_record *token, void *context) {
    (void)token;
    *(bool *)context = true;
    return false;
}

/* The file before the row: a server killed between them finds no token on the next start and writes
 * another file. The other way round nobody would ever have seen the token that lets them in. */
static enum berth_code issue_first(struct berth_registry *registry, const char *directory,
                                   int64_t now_ms, struct berth_error *error) {
    struct berth_token_request request = {.name = "admin", .scopes = ALL_SCOPES};
    const struct berth_actor by = {.name = "berth serve"};
    struct token token = {0};
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return berth_fail_errno(error, "token-file", "cannot open the data directory");
    make_token(&token);
    enum berth_code code = write_file(fd, token.text, error);
    if (!code) {
        code = add_token(registry, &request, &token, &by, now_ms, error);
        if (code)
            (void)unlinkat(fd, FIRST_NAME, 0);
    }
    close(fd);
    explicit_bzero(&token, sizeof token);
    return code;
}

enum berth_code berth_auth_first_token(struct berth_registry *registry, const char *directory,
                                       int64_t now_ms, char **ret_path, struct berth_error *error) {
    bool any = false;
    char *path = NULL;
    enum berth_code code = registry->ops->tokens_each(registry, note_any, &any, error);
    if (!code && !any) {
        if (asprintf(&path, "%s/%s", directory, FIRST_NAME) < 0)
            return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
        code = issue_first(registry, directory, now_ms, error);
    }
    if (code) {
        free(path);
        return code;
    }
    *ret_path = path;
    return BERTH_OK;
}

#include "problem.h"

#include <stddef.h>
#include <string.h>

static const struct berth_problem by_code[BERTH_CODE_COUNT] = {
    [BERTH_OK] = {"internal", 500, "Internal error"},
    [BERTH_INVALID] = {"invalid", 400, "Malformed request"},
    [BERTH_UNAUTHENTICATED] = {"unauthenticated", 401, "Authentication required"},
    [BERTH_DENIED] = {"denied", 403, "Not allowed"},
    [BERTH_NOT_FOUND] = {"not-found", 404, "Not found"},
    [BERTH_CONFLICT] = {"conflict", 409, "Conflict with what is stored"},
    [BERTH_STALE] = {"stale", 412, "The precondition does not hold"},
    [BERTH_TOO_LARGE] = {"too-large", 413, "Over a limit"},
    [BERTH_UNSUPPORTED] = {"unsupported", 415, "Unsupported kind of input"},
    [BERTH_REFUSED] = {"refused", 422, "Refused by a rule"},
    [BERTH_TIMEOUT] = {"timeout", 408, "Too slow"},
    [BERTH_BUSY] = {"busy", 503, "Busy"},
    [BERTH_NO_SPACE] = {"no-space", 507, "The disk is full"},
    [BERTH_NO_MEMORY] = {"no-memory", 503, "Out of memory"},
    [BERTH_IO] = {"io", 500, "Internal error"},
};

/* What only HTTP can say; domain code uses none of these rules. */
static const struct berth_problem by_rule[] = {
    {"method-not-allowed", 405, "Method not allowed"},
    {"length-required", 411, "A Content-Length is required"},
    {"range", 416, "Range not satisfiable"},
    {"expectation", 417, "Expectation failed"},
    {"token-failures", 429, "Too many failures"},
    {"head-too-large", 431, "The request head is too large"},
    {"method-unknown", 501, "Method not implemented"},
    {"http-version", 505, "HTTP version not supported"},
};

const struct berth_problem *berth_problem_find(const struct berth_error *error) {
    for (size_t i = 0; error->code && i < sizeof by_rule / sizeof by_rule[0]; i++) {
        if (strcmp(error->rule, by_rule[i].slug) == 0)
            return &by_rule[i];
    }
    return &by_code[error->code < BERTH_CODE_COUNT ? error->code : BERTH_OK];
}

bool berth_problem_is_of_rate(const char *rule) {
    return strcmp(rule, "limit-reports") == 0 || strcmp(rule, "token-failures") == 0;
}

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *berth_problem_reason(int status) {
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Status";
}

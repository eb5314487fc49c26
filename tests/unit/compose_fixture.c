#include "compose_fixture.h"

#include "berth/json.h"

#include <stdio.h>

static json_t *parse_single_quoted(const char *text) {
    struct berth_error error = {0};
    json_t *value = NULL;
    char *json = strdup(text);
    assert_non_null(json);
    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    if (berth_json_parse(json, strlen(json), FILLED_BYTES, &value, &error) != BERTH_OK)
        fail_msg("%s: %s", text, error.text);
    free(json);
    return value;
}

static const struct berth_remote *find_remote(void *context, const char *module) {
    const struct compose_fixture *fixture = context;
    for (size_t i = 0; i < fixture->remote_count; i++)
        if (strcmp(fixture->remotes[i].module, module) == 0)
            return &fixture->remotes[i];
    return NULL;
}

static const char *find_text(void *context, const char *module, const char *path,
                             size_t *ret_length) {
    const struct compose_fixture *fixture = context;
    for (size_t i = 0; i < fixture->file_count; i++) {
        const struct compose_file *file = &fixture->files[i];
        if (strcmp(file->module, module) == 0 && strcmp(file->path, path) == 0) {
            *ret_length = strlen(file->text);
            return file->text;
        }
    }
    return NULL;
}

void compose_file(struct compose_fixture *fixture, const char *module, const char *path,
                  const char *text) {
    assert_true(fixture->file_count < FIXTURE_FILES);
    fixture->files[fixture->file_count++] = (struct compose_file){module, path, text};
}

void compose_begin(struct compose_fixture *fixture, const char *manifest) {
    struct berth_error error = {0};
    json_t *json = parse_single_quoted(manifest);
    *fixture = (struct compose_fixture){0};
    if (berth_page_parse(json, &fixture->page, &error) != BERTH_OK)
        fail_msg("%s at %s: %s", error.rule, error.where, error.text);
    json_decref(json);
    (void)snprintf(fixture->frontend.shell_url, sizeof fixture->frontend.shell_url,
                   "/_berth/shell.0123456789abcdef.js");
    fixture->frontend.inlined = (char *)(uintptr_t) "shell()";
    fixture->compose = (struct berth_compose){.name = "front",
                                              .page = &fixture->page,
                                              .generation = 42,
                                              .public_url = "",
                                              .frontend = &fixture->frontend,
                                              .live = find_remote,
                                              .text = find_text,
                                              .context = fixture};
}

void compose_live(struct compose_fixture *fixture, const char *module, const char *version,
                  const char *description) {
    assert_true(fixture->remote_count < FIXTURE_REMOTES);
    fixture->remotes[fixture->remote_count++] =
        (struct berth_remote){.module = module,
                              .version = version,
                              .generation = 41,
                              .description = parse_single_quoted(description)};
}

void compose_end(struct compose_fixture *fixture) {
    for (size_t i = 0; i < fixture->remote_count; i++)
        json_decref((json_t *)(uintptr_t)fixture->remotes[i].description);
    berth_page_done(&fixture->page);
}

/* The value of a header among lines that end in CR LF; free() it. */
static char *value_of(const char *headers, const char *name) {
    const char *at = strstr(headers, name);
    assert_non_null(at);
    at += strlen(name);
    const char *end = strstr(at, "\r\n");
    assert_non_null(end);
    return strndup(at, (size_t)(end - at));
}

char *compose_fill(const struct berth_template *template, const char *nonce, char **ret_policy) {
    struct berth_buffer page, headers;
    berth_buffer_init(&page, FILLED_BYTES);
    berth_buffer_init(&headers, FILLED_BYTES);
    berth_template_fill(template, nonce, &page);
    berth_template_headers(template, nonce, &headers);
    assert_false(page.failed);
    assert_false(headers.failed);
    if (ret_policy)
        *ret_policy = value_of(headers.data, "Content-Security-Policy: ");
    berth_buffer_done(&headers);
    return berth_buffer_take(&page);
}

char *compose_page(const struct compose_fixture *fixture, char **ret_links) {
    struct berth_template template;
    struct berth_error error = {0};
    if (berth_compose_page(&fixture->compose, &template, &error) != BERTH_OK)
        fail_msg("%s: %s", error.rule, error.text);
    char *page = compose_fill(&template, "N", NULL);
    if (ret_links)
        *ret_links = template.links ? strdup(template.links) : NULL;
    berth_template_done(&template);
    return page;
}

void assert_contains(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("this is missing:\n%s\nin:\n%s", part, text);
}

void assert_lacks(const char *text, const char *part) {
    if (strstr(text, part))
        fail_msg("this should not be there:\n%s\nin:\n%s", part, text);
}

size_t count_of(const char *text, const char *part) {
    size_t count = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        count++;
    return count;
}

/* What a version would do to what is live, for people: breaks and warnings apart, with who is
 * concerned and what to do. */
#include "command.h"

#include "berth/json.h"
#include <inttypes.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key, const char *fallback) {
    const char *text = berth_json_string(object, key);
    return text ? text : fallback;
}

/* "page front (slot top)", or "cart@1.0.0 (wants ^18.2.0, brings 18.3.1)". */
static void add_user(struct berth_buffer *out, const json_t *user) {
    const char *page = berth_json_string(user, "page");
    const char *slot = berth_json_string(user, "slot");
    const char *requires = berth_json_string(user, "requires");
    const char *provides = berth_json_string(user, "provides");
    if (page)
        berth_buffer_printf(out, "page %s", page);
    else
        berth_buffer_printf(out, "%s@%s", text_of(user, "module", "?"),
                            text_of(user, "version", "?"));
    if (slot)
        berth_buffer_printf(out, " (slot %s)", slot);
    if (requires || provides)
        berth_buffer_printf(out, " (%s%s%s%s%s)", requires ? "wants " : "",
                            requires ? requires : "", requires && provides ? ", " : "",
                            provides ? "brings " : "", provides ? provides : "");
}

static void show_users(const json_t *finding) {
    struct berth_buffer out;
    size_t i;
    const json_t *user;
    json_int_t more = berth_json_integer(finding, "more", 0);
    berth_buffer_init(&out, (size_t)64 * 1024);
    json_array_foreach(json_object_get(finding, "users"), i, user) {
        berth_buffer_text(&out, i ? ", " : "");
        add_user(&out, user);
    }
    if (more > 0)
        berth_buffer_printf(&out, " and %" PRId64 " more", (int64_t)more);
    if (!out.failed && out.length > 0)
        cli_line(stderr, "    concerns: %s", out.data);
    berth_buffer_done(&out);
}

static void show_findings(const json_t *report, const char *key, const char *more_key,
                          const char *heading) {
    const json_t *findings = json_object_get(report, key);
    size_t i;
    const json_t *finding;
    json_int_t more = berth_json_integer(report, more_key, 0);
    if (json_array_size(findings) == 0)
        return;
    cli_line(stderr, "%s", heading);
    json_array_foreach(findings, i, finding) {
        bool already = json_is_true(json_object_get(finding, "already"));
        cli_line(stderr, "  %s%s%s", text_of(finding, "text", "?"),
                 already ? ", as is so already with " : "",
                 already ? text_of(report, "live", "what is live") : "");
        show_users(finding);
        cli_line(stderr, "    do: %s", text_of(finding, "hint", "?"));
    }
    if (more > 0)
        cli_line(stderr, "  and %" PRId64 " more", (int64_t)more);
}

static bool is_unknown(const json_t *report, const char *part) {
    const json_t *parts = json_object_get(report, "parts");
    return json_is_false(json_object_get(json_object_get(parts, part), "known"));
}

/* Soundness is not claimed of what nobody looked at. */
static void show_unknown(const json_t *report) {
    static const struct {
        const char *part;
        const char *text;
    } parts[] = {
        {"exposes", "all that it exposes, or that the live version does"},
        {"shared", "which packages it shares"},
        {"remotes", "what it takes from others"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (is_unknown(report, parts[i].part))
            cli_line(stderr, "not known: %s", parts[i].text);
    const json_t *consumers = json_object_get(json_object_get(report, "parts"), "consumers");
    const json_t *unknown = json_object_get(consumers, "unknown");
    json_int_t count =
        (json_int_t)json_array_size(unknown) + berth_json_integer(consumers, "more", 0);
    const char *first = json_string_value(json_array_get(unknown, 0));
    if (first && count > 1)
        cli_line(stderr, "not known: what %s and %" PRId64 " more take from others", first,
                 (int64_t)count - 1);
    else if (first)
        cli_line(stderr, "not known: what %s takes from others", first);
}

void cli_show_compat(const struct cli *cli, const json_t *report, const char *heading) {
    if (cli->style.json || !report)
        return;
    show_findings(report, "breaks", "moreBreaks", heading);
    show_findings(report, "warnings", "moreWarnings", "warnings:");
    if (!cli->style.quiet)
        show_unknown(report);
}

enum berth_code cli_force_check(const struct cli *cli, struct berth_error *error) {
    if (!cli->args.option[CLI_FORCE] || cli->args.option[CLI_REASON])
        return BERTH_OK;
    berth_fail(error, BERTH_INVALID, "usage", "--force needs --reason");
    berth_error_hint(error, "say why: it is kept in the history and the audit");
    return BERTH_INVALID;
}

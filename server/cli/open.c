/* `berth open`: a page, a module on a page, a version on a page before it is live, or the
 * console. */
#include "browser.h"
#include "command.h"

#include "berth/json.h"
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024, URL_BYTES = 4096, NAMES_MAX = 512, NAME_SHOWN = 80 };

/* What is asked for, and what was found. */
struct opening {
    const char *what; /* NULL: whatever is at "/" */
    const char *on;   /* the page to see it on, or NULL */
    json_t *session;
    json_t *pages;
    const char *page; /* a name in `pages` */
    const char *path;
    struct cli_target target; /* version "" when none was named; module "" for a page */
    json_t *preview;
    char url[URL_BYTES];
};

/* --- which page --- */

static bool take_page(struct opening *opening, const char *key, const char *value) {
    size_t i;
    const json_t *page;
    json_array_foreach(json_object_get(opening->pages, "pages"), i, page) {
        const char *own = berth_json_string(page, key);
        if (!own || (value && strcmp(own, value) != 0))
            continue;
        opening->page = berth_json_string(page, "name");
        opening->path = berth_json_string(page, "path");
        return opening->page && opening->path;
    }
    return false;
}

static bool take_named_page(struct opening *opening, const char *text) {
    return take_page(opening, *text == '/' ? "path" : "name", text);
}

static bool shows(const json_t *manifest, const char *module) {
    size_t i;
    const json_t *slot;
    const char *document = berth_json_string(json_object_get(manifest, "document"), "module");
    if (document && strcmp(document, module) == 0)
        return true;
    json_array_foreach(json_object_get(manifest, "slots"), i, slot) {
        const char *own = berth_json_string(slot, "module");
        if (own && strcmp(own, module) == 0)
            return true;
    }
    return false;
}

static enum berth_exit ask_page(struct cli *cli, const char *name, const char *module,
                                bool *ret_shows) {
    char path[PATH_BYTES];
    json_t *whole = NULL;
    char *escaped = cli_url_escape(name ? name : "");
    (void)snprintf(path, sizeof path, "/api/pages/%s", escaped ? escaped : "");
    free(escaped);
    enum berth_exit outcome = cli_fetch(cli, path, &whole);
    *ret_shows = shows(json_object_get(whole, "manifest"), module);
    json_decref(whole);
    return outcome;
}

/* The first page that shows the module; none is no failure. */
static enum berth_exit find_showing_page(struct cli *cli, struct opening *opening) {
    enum berth_exit outcome = BERTH_EXIT_OK;
    size_t i;
    const json_t *page;
    json_array_foreach(json_object_get(opening->pages, "pages"), i, page) {
        bool found;
        const char *name = berth_json_string(page, "name");
        outcome = ask_page(cli, name, opening->target.module, &found);
        if (outcome != BERTH_EXIT_OK || (found && take_named_page(opening, name)))
            break;
    }
    return outcome;
}

static size_t add_names(const json_t *list, const char **names, size_t count) {
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) {
        const char *name = berth_json_string(item, "name");
        if (name && count < NAMES_MAX)
            names[count++] = name;
    }
    return count;
}

/* The page that was named does not show it; `there`: there is such a module at all. */
static void explain_not_on(const struct opening *opening, bool there, const char *meant,
                           struct berth_error *error) {
    const char *wanted = opening->target.module;
    berth_fail(error, BERTH_NOT_FOUND, "page-unknown",
               there ? "the page %.*s does not show %.*s"
                     : "nothing to see on the page %.*s: there is no module %.*s",
               NAME_SHOWN, opening->page, NAME_SHOWN, wanted);
    if (there)
        berth_error_hint(error, "see which one does: berth open %.*s --print", NAME_SHOWN, wanted);
    else if (meant)
        berth_error_hint(error, "did you mean %s?", meant);
    else
        berth_error_hint(error, "see berth status");
}

/* No page shows it; likewise. */
static void explain_nowhere(const struct opening *opening, bool there, const char *meant,
                            struct berth_error *error) {
    berth_fail(error, BERTH_NOT_FOUND, "page-unknown",
               there ? "no page shows %.*s" : "there is neither a page nor a module %.*s",
               NAME_SHOWN, opening->target.module);
    if (there)
        berth_error_hint(error, "put it in a slot of one: berth page put FILE.json; what there is: "
                                "berth page list");
    else if (meant)
        berth_error_hint(error, "did you mean %s?", meant);
    else
        berth_error_hint(error, "see berth page list and berth status");
}

/* Is there such a module at all? */
static enum berth_exit report_nowhere(struct cli *cli, const struct opening *opening) {
    const char *names[NAMES_MAX];
    struct berth_error error = {0};
    json_t *modules = NULL;
    const char *wanted = opening->target.module;
    enum berth_exit outcome = cli_fetch(cli, "/api/modules", &modules);
    size_t count = add_names(json_object_get(modules, "modules"), names, 0);
    bool there = false;
    for (size_t i = 0; i < count; i++)
        there = there || strcmp(names[i], wanted) == 0;
    if (!opening->on)
        count = add_names(json_object_get(opening->pages, "pages"), names, count);
    const char *meant = there ? NULL : cli_nearest(wanted, names, count);
    (opening->on ? explain_not_on : explain_nowhere)(opening, there, meant, &error);
    if (outcome == BERTH_EXIT_OK)
        outcome = cli_report(cli, &error);
    json_decref(modules);
    return outcome;
}

static enum berth_exit report_no_page(struct cli *cli, const char *name) {
    struct berth_error error = {0};
    berth_fail(&error, BERTH_NOT_FOUND, "page-unknown",
               name ? "there is no page %.80s" : "there is no page yet", name);
    berth_error_hint(&error, name ? "see what there is: berth page list"
                                  : "make one: berth page put FILE.json; or berth open console");
    return cli_report(cli, &error);
}

/* The page that was named. A module that is not in its manifest is not on it, but a version of one
 * may be: other modules take it in. Of that one the server knows whether there is such a version.
 */
static enum berth_exit take_page_to_see_it_on(struct cli *cli, struct opening *opening) {
    bool shown = true;
    enum berth_exit outcome = BERTH_EXIT_OK;
    if (!take_named_page(opening, opening->on))
        return report_no_page(cli, opening->on);
    if (!opening->target.version[0])
        outcome = ask_page(cli, opening->page, opening->target.module, &shown);
    return outcome == BERTH_EXIT_OK && !shown ? report_nowhere(cli, opening) : outcome;
}

/* A page by its name or path goes before a module of that name. */
static enum berth_exit choose_page(struct cli *cli, struct opening *opening) {
    const char *what = opening->what;
    bool versioned = what && *what && strchr(what + 1, '@');
    if (!what)
        return take_page(opening, "path", "/") || take_page(opening, "path", NULL)
                   ? BERTH_EXIT_OK
                   : report_no_page(cli, NULL);
    if (!versioned && !opening->on && take_named_page(opening, what))
        return BERTH_EXIT_OK;
    if (*what == '/')
        return report_no_page(cli, what);
    if (versioned) {
        struct berth_error error = {0};
        if (cli_target_parse(what, &opening->target, &error) != BERTH_OK)
            return cli_report(cli, &error);
    } else {
        (void)snprintf(opening->target.module, sizeof opening->target.module, "%s", what);
    }
    if (opening->on)
        return take_page_to_see_it_on(cli, opening);
    enum berth_exit outcome = find_showing_page(cli, opening);
    return outcome == BERTH_EXIT_OK && !opening->page ? report_nowhere(cli, opening) : outcome;
}

/* --- its URL --- */

/* What goes to another program is a URL and nothing else, whoever told it. */
static bool is_url(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._~:/?#[]@%=&+,";
    return (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0) &&
           strspn(text, letters) == strlen(text);
}

static enum berth_exit make_url(struct cli *cli, struct opening *opening) {
    struct berth_error error = {0};
    const char *origin = berth_json_string(opening->session, "publicUrl");
    const char *text = berth_json_string(opening->preview, "berth");
    char *escaped = text ? cli_url_escape(text) : NULL;
    if (!origin) {
        berth_fail(&error, BERTH_NOT_FOUND, "public-url",
                   "the server does not know where its pages can be seen");
        berth_error_hint(&error, "start it with --public-url and the address that browsers use");
    } else {
        (void)snprintf(opening->url, sizeof opening->url, "%s%s%s%s", origin, opening->path,
                       escaped ? "?berth=" : "", escaped ? escaped : "");
        if (!is_url(opening->url))
            berth_fail(&error, BERTH_IO, "public-url", "what the server tells is no URL");
        berth_error_where(&error, "%s", opening->url);
    }
    free(escaped);
    return error.code == BERTH_OK ? BERTH_EXIT_OK : cli_report(cli, &error);
}

/* What the version goes by on the page, signed by the server. */
static enum berth_exit sign(struct cli *cli, struct opening *opening) {
    char path[PATH_BYTES];
    long status;
    if (!opening->target.version[0])
        return BERTH_EXIT_OK;
    char *version = cli_url_escape(opening->target.version);
    (void)snprintf(path, sizeof path, "/api/modules/%s/versions/%s/preview", opening->target.module,
                   version ? version : "");
    free(version);
    struct cli_request request = {.method = "POST",
                                  .path = path,
                                  .content_type = "application/json",
                                  .body = "",
                                  .expected = CLI_IF_ANY,
                                  .keeps_answer = true};
    return cli_call(cli, &request, &opening->preview, &status);
}

static enum berth_exit find_page(struct cli *cli, struct opening *opening) {
    enum berth_exit outcome = cli_fetch(cli, "/api/session", &opening->session);
    if (outcome == BERTH_EXIT_OK)
        outcome = cli_fetch(cli, "/api/pages", &opening->pages);
    if (outcome == BERTH_EXIT_OK)
        outcome = choose_page(cli, opening);
    if (outcome == BERTH_EXIT_OK)
        outcome = sign(cli, opening);
    return outcome == BERTH_EXIT_OK ? make_url(cli, opening) : outcome;
}

/* It is where the commands go, and takes its token itself: any answer is one. */
static enum berth_exit find_console(struct cli *cli, struct opening *opening) {
    struct berth_error error = {0};
    struct cli_request request = {.method = "GET", .path = "/api/session", .expected = CLI_IF_ANY};
    struct cli_answer answer = {0};
    enum berth_code code = cli_client_perform(&cli->client, &request, &answer, &error);
    cli_answer_done(&answer);
    (void)snprintf(opening->url, sizeof opening->url, "%s/", cli->client.server);
    if (code == BERTH_OK && !is_url(opening->url))
        code = berth_fail(&error, BERTH_INVALID, "server-url",
                          "the server's URL has characters that no browser is handed");
    return code == BERTH_OK ? BERTH_EXIT_OK : cli_report(cli, &error);
}

/* --- the browser --- */

static enum berth_exit open_url(const struct cli *cli, const struct opening *opening) {
    char why[256] = "";
    bool asked = !cli->args.option[CLI_PRINT];
    if (!cli->style.json) { /* ahead of a browser that has the terminal */
        cli_line(stdout, "%s", opening->url);
        (void)fflush(stdout);
    }
    bool opened = asked && cli_browser_open(opening->url, cli->style.json, why, sizeof why);
    if (asked && !opened && !cli->style.quiet)
        cli_line(stderr, "%s; open the URL yourself", why);
    if (!cli->style.json)
        return BERTH_EXIT_OK;
    const struct cli_target *target = &opening->target;
    return cli_finish_json(
        cli, json_pack("{ss ss? ss? ss? ss? sb}", "url", opening->url, "page", opening->page,
                       "module", *target->module ? target->module : NULL, "version",
                       *target->version ? target->version : NULL, "until",
                       berth_json_string(opening->preview, "until"), "opened", opened));
}

static enum berth_exit run_open(struct cli *cli) {
    struct berth_error error = {0};
    struct opening *opening = calloc(1, sizeof *opening);
    if (!opening) {
        berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory");
        return cli_report(cli, &error);
    }
    opening->what = cli->word_count > 0 ? cli->words[0] : NULL;
    opening->on = cli->word_count > 1 ? cli->words[1] : NULL;
    bool console = opening->what && !opening->on && strcmp(opening->what, "console") == 0;
    enum berth_exit outcome = console ? find_console(cli, opening) : find_page(cli, opening);
    if (outcome == BERTH_EXIT_OK)
        outcome = open_url(cli, opening);
    json_decref(opening->session);
    json_decref(opening->pages);
    json_decref(opening->preview);
    free(opening);
    return outcome;
}

const struct cli_command cli_command_open = {
    .name = "open",
    .args = "[<module>|<module>@<version>|<page>|console] [<page>]",
    .max_words = 2,
    .summary = "open a page, or the console, in the browser",
    .help = "Opens a page by its name or path (without one: what is at /), the first page that\n"
            "shows a module, or the console. With a version it is a preview: the page as it\n"
            "would be with that version, for this browser alone, by a link that is signed for\n"
            "eight hours and needs a token that may activate it. A second word names the page\n"
            "to see the module on: one that shows it, or with a version any, as the modules of\n"
            "that page may take it in.\n"
            "\n"
            "The URL is printed in any case. $BROWSER is started, else xdg-open; where there is\n"
            "neither, or no display, that is told (exit code 0).",
    .options =
        {
            {CLI_PRINT, "print the URL and open nothing"},
        },
    .examples = "  berth open                              what is at /\n"
                "  berth open header-app                   a page that shows it\n"
                "  berth open header-app@1.1.0 home        the page home with that version\n"
                "  berth open console\n",
    .run = run_open,
};

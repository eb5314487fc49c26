/* What a shell may offer for the word that is being typed. The shells' scripts ask this program, so
 * that there is one place that knows the commands. */
#include "completion.h"
#include "command.h"

#include "berth/json.h"
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 3000 }; /* of whoever pressed the key */

/* The words before the one at the cursor, and that one. */
struct line {
    char *const *words;
    size_t count;
    const char *now;
};

/* When what is typed begins it, or begins its prefix. */
static void offer(const struct line *line, const char *text, const char *prefix) {
    size_t typed = strlen(line->now), before = strlen(prefix);
    before = before < typed ? before : typed;
    if (strncmp(prefix, line->now, before) == 0 &&
        strncmp(text, line->now + before, typed - before) == 0)
        cli_line(stdout, "%s%s", prefix, text);
}

/* What a shell gets into its line is a name and nothing else, whoever told it: neither code nor a
 * pattern nor an option. */
static bool is_name(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._@/+-";
    return *text && *text != '-' && text[strspn(text, letters)] == '\0';
}

static const struct cli_command *find(const struct cli_args *args, size_t *ret_words) {
    for (size_t i = 0; cli_commands[i]; i++) {
        *ret_words = cli_names_command(cli_commands[i], args);
        if (*ret_words)
            return cli_commands[i];
    }
    return NULL;
}

/* First words of commands, or second ones of a group; each once. */
static void offer_commands(const struct line *line, const struct cli_args *args) {
    char last[32] = "";
    for (size_t i = 0; cli_commands[i]; i++) {
        const char *name = cli_commands[i]->name;
        size_t length = strcspn(name, " ");
        char word[32];
        if (args->words == 1 && cli_in_group(cli_commands[i], args->word[0]))
            offer(line, name + length + 1, "");
        (void)snprintf(word, sizeof word, "%.*s", (int)length, name);
        if (args->words == 0 && strcmp(word, last) != 0)
            offer(line, word, "");
        memcpy(last, word, sizeof last);
    }
}

static void offer_options(const struct line *line, const struct cli_command *command) {
    for (int i = 0; i < CLI_GLOBAL_COUNT; i++)
        offer(line, cli_option_specs[i].name, "--");
    for (size_t i = 0; command && i < CLI_COMMAND_OPTIONS_MAX && command->options[i].help; i++)
        offer(line, cli_option_specs[command->options[i].option].name, "--");
}

/* The names in a list of the server's answer; silent when there is no answer. */
static void offer_from_server(struct cli *cli, const struct line *line, const char *path,
                              const char *list, const char *member, const char *prefix) {
    struct cli_request request = {
        .method = "GET", .path = path, .expected = CLI_IF_ANY, .timeout_ms = PATIENCE_MS};
    struct cli_answer answer = {0};
    json_t *json = NULL;
    if (cli_client_perform(&cli->client, &request, &answer, NULL) == BERTH_OK &&
        answer.status == 200)
        (void)berth_json_parse(answer.body.data, answer.body.length, CLI_ANSWER_MAX_BYTES, &json,
                               NULL);
    const json_t *items = json_object_get(json, list);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const char *text = berth_json_string(json_array_get(items, i), member);
        if (text && is_name(text))
            offer(line, text, prefix);
    }
    json_decref(json);
    cli_answer_done(&answer);
}

static void offer_versions(struct cli *cli, const struct line *line, size_t module_length) {
    char module[BERTH_MODULE_MAX_BYTES + 1], prefix[BERTH_MODULE_MAX_BYTES + 2], path[1024];
    if (module_length > BERTH_MODULE_MAX_BYTES)
        return;
    (void)snprintf(module, sizeof module, "%.*s", (int)module_length, line->now);
    (void)snprintf(prefix, sizeof prefix, "%s@", module);
    char *escaped = cli_url_escape(module);
    (void)snprintf(path, sizeof path, "/api/modules/%s/versions", escaped ? escaped : "");
    free(escaped);
    offer_from_server(cli, line, path, "versions", "version", prefix);
}

static void offer_words(const struct line *line, const char *text, size_t length) {
    char word[32];
    for (size_t size; length; text += size, length -= size) {
        bool separator = *text == '|';
        size = separator ? 1 : strcspn(text, "|>]");
        size = size < length ? size : length;
        (void)snprintf(word, sizeof word, "%.*s", (int)size, text);
        if (!separator)
            offer(line, word, "");
    }
}

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* What the placeholder for the word at the cursor asks for: "<module>", "[<page>]", "<a|b>",
 * "<module>|<page>|console". */
struct wanted {
    bool modules;
    bool versions;
    bool pages;
    bool files;
};

static void read_placeholder(const struct line *line, const char *at, struct wanted *ret) {
    at += *at == '[';
    while (*at && *at != ' ' && *at != ']') {
        size_t length = *at == '<' ? strcspn(at, ">") + 1 : strcspn(at, "| ]");
        ret->modules = ret->modules || begins(at, "<module>");
        ret->versions = ret->versions || begins(at, "<module>@<version>");
        ret->pages = ret->pages || begins(at, "<page>");
        ret->files = ret->files || begins(at, "<dir") || begins(at, "<file");
        if (*at != '<')
            offer_words(line, at, length);
        else if (memchr(at, '|', length) && !ret->files)
            offer_words(line, at + 1, length - 2);
        if (begins(at, "<module>@<version>"))
            length = strlen("<module>@<version>");
        at += length;
        at += *at == '|';
    }
}

/* Whether files may stand there, too. */
static bool offer_arguments(struct cli *cli, const struct line *line,
                            const struct cli_command *command, size_t index) {
    const char *at = command->args, *separator = *line->now ? strchr(line->now + 1, '@') : NULL;
    struct wanted wanted = {0};
    for (size_t i = 0; i < index && at; i++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return false;
    read_placeholder(line, at, &wanted);
    /* A package says itself what it is: the first of two may be left out. */
    const char *next = *at == '[' ? strchr(at, ' ') : NULL;
    wanted.files = wanted.files || (next && begins(next + 1, "<dir"));
    if ((!wanted.modules && !wanted.pages) || cli_connect(cli, NULL) != BERTH_OK)
        return wanted.files;
    if (separator && wanted.versions)
        offer_versions(cli, line, (size_t)(separator - line->now));
    else if (wanted.modules)
        offer_from_server(cli, line, "/api/modules", "modules", "name", "");
    if (wanted.pages)
        offer_from_server(cli, line, "/api/pages", "pages", "name", "");
    return wanted.files;
}

/* The option whose value the word at the cursor is, or NULL. */
static const struct cli_option_spec *awaits_value(const struct line *line) {
    const char *before = line->count ? line->words[line->count - 1] : "";
    for (int i = 0; strncmp(before, "--", 2) == 0 && i < CLI_OPTION_COUNT; i++)
        if (strcmp(before + 2, cli_option_specs[i].name) == 0)
            return cli_option_specs[i].value ? &cli_option_specs[i] : NULL;
    return NULL;
}

static bool takes_file(const struct cli_option_spec *option) {
    return strcmp(option->value, "FILE") == 0 || strcmp(option->value, "DIR") == 0;
}

int cli_complete(struct cli *cli, int argc, char **argv) {
    struct line line = {argv, argc > 1 ? (size_t)argc - 1 : 0, argc > 1 ? argv[argc - 1] : ""};
    struct cli_args *args = &cli->args;
    size_t words = 0;
    bool files = false;
    if (argc < 2)
        return BERTH_EXIT_OK;
    const struct cli_option_spec *option = awaits_value(&line);
    if (option)
        return takes_file(option) ? CLI_COMPLETE_FILES : BERTH_EXIT_OK;
    if (cli_args_parse(argc - 1, argv, args, NULL) != BERTH_OK)
        return BERTH_EXIT_OK;
    if (args->words > 0 && strcmp(args->word[0], "help") == 0)
        memmove(args->word, args->word + 1, --args->words * sizeof *args->word);
    const struct cli_command *command = find(args, &words);
    if (*line.now == '-')
        offer_options(&line, command);
    else if (command)
        files = offer_arguments(cli, &line, command, args->words - words);
    else
        offer_commands(&line, args);
    return files ? CLI_COMPLETE_FILES : BERTH_EXIT_OK;
}

/* --- the scripts --- */

/* An exit code of 10 (CLI_COMPLETE_FILES) asks for files, too. */
static const char bash_script[] =
    "# bash completion for berth; try: source <(berth completion bash)\n"
    "_berth() {\n"
    "    local said code\n"
    "    said=$(berth __complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "    code=$?\n"
    "    COMPREPLY=()\n"
    "    [[ -z $said ]] || mapfile -t COMPREPLY <<<\"$said\"\n"
    "    if [[ $code -eq 10 ]]; then\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < \\\n"
    "            <(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
    "    fi\n"
    "}\n"
    "COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}\n"
    "complete -F _berth berth\n";

static const char zsh_script[] =
    "#compdef berth\n"
    "# zsh completion for berth; try: source <(berth completion zsh)\n"
    "_berth() {\n"
    "    local said code\n"
    "    said=$(berth __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    code=$?\n"
    "    [[ -z $said ]] || compadd -- \"${(@f)said}\"\n"
    "    [[ $code -ne 10 ]] || _files\n"
    "}\n"
    "if [[ ${funcstack[1]} == _berth ]]; then _berth \"$@\"; else compdef _berth berth; fi\n";

static const char fish_script[] =
    "# fish completion for berth; try: berth completion fish | source\n"
    "function __berth_complete\n"
    "    set -l words (commandline -opc) (commandline -ct)\n"
    "    berth __complete $words[2..-1] 2>/dev/null\n"
    "    if test $status -eq 10\n"
    "        __fish_complete_path (commandline -ct)\n"
    "    end\n"
    "end\n"
    "complete -c berth -f -a '(__berth_complete)'\n";

static enum berth_exit run_completion(struct cli *cli) {
    static const struct {
        const char *shell;
        const char *script;
    } scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
    struct berth_error error = {0};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        if (strcmp(cli->words[0], scripts[i].shell) == 0) {
            if (cli->style.json)
                return cli_finish_json(cli, json_pack("{ss ss}", "shell", scripts[i].shell,
                                                      "script", scripts[i].script));
            (void)fputs(scripts[i].script, stdout);
            return BERTH_EXIT_OK;
        }
    }
    berth_fail(&error, BERTH_INVALID, "usage", "there is no completion for %.40s", cli->words[0]);
    berth_error_hint(&error, "bash, zsh and fish have one");
    return cli_report(cli, &error);
}

const struct cli_command cli_command_completion = {
    .name = "completion",
    .args = "<bash|zsh|fish>",
    .min_words = 1,
    .max_words = 1,
    .summary = "print a script that lets a shell complete commands and names",
    .help = "Prints a script for a shell, in which the tabulator key then completes commands,\n"
            "options, and the names of modules and versions that the server knows (by the\n"
            "same settings and environment as every command).",
    .examples = "  berth completion fish > ~/.config/fish/completions/berth.fish\n"
                "  source <(berth completion bash)             in ~/.bashrc\n",
    .offline = true,
    .run = run_completion,
};

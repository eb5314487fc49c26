/* A server looked at from outside, as browsers see it, through whatever stands before it. */
#include "doctor.h"
#include "probe.h"

#include "berth/json.h"
#include <curl/curl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { URL_BYTES = 2048, PATIENCE_MS = 10000, STREAM_PATIENCE_MS = 3000, SKEW_MAX_S = 5 };

/* --- findings --- */

/* `more` is the fault, or of a sound check a note; NULL: nothing. */
static void add(struct doctor *doctor, const char *check, bool ok, const char *more,
                const char *fix) {
    doctor->faults += !ok;
    json_array_append_new(doctor->findings,
                          json_pack("{ss sb ss? ss? ss?}", "check", check, "ok", ok, "fault",
                                    ok ? NULL : more, "fix", fix, "note", ok ? more : NULL));
    if (doctor->cli->style.json || (ok && doctor->cli->style.quiet))
        return;
    cli_line(stdout, "%s  %s%s%s", ok ? "ok " : "FIX", check, more ? ": " : "", more ? more : "");
    if (fix)
        cli_line(stdout, "     %s", fix);
}

void cli_doctor_sound(struct doctor *doctor, const char *check, const char *note) {
    add(doctor, check, true, note, NULL);
}

static void sound(struct doctor *doctor, const char *check) {
    add(doctor, check, true, NULL, NULL);
}

void cli_doctor_fault(struct doctor *doctor, const char *check, const char *fix, const char *format,
                      ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add(doctor, check, false, text, fix);
}

/* --- probes --- */

static void probe(const struct doctor *doctor, const char *path, const char *header,
                  struct cli_probe *ret) {
    char url[URL_BYTES];
    bool absolute = strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0;
    (void)snprintf(url, sizeof url, "%s%s", absolute ? "" : doctor->public_url, path);
    cli_probe_run(&(struct cli_probe_request){.url = url,
                                              .headers = {header, NULL},
                                              .ca_file = doctor->cli->client.ca_file,
                                              .unverified = doctor->unverified},
                  PATIENCE_MS, ret);
}

static bool has(const struct cli_probe *answer, const char *name, const char *part) {
    char value[1024];
    cli_probe_header(answer, name, value, sizeof value);
    return strstr(value, part) != NULL;
}

static bool has_any(const struct cli_probe *answer, const char *name) {
    char value[8];
    cli_probe_header(answer, name, value, sizeof value);
    return *value != '\0';
}

/* --- the admin side --- */

static void check_admin(struct doctor *doctor) {
    static const char check[] = "the admin address answers, and takes the token";
    struct cli_request request = {.method = "GET", .path = "/api/system", .expected = CLI_IF_ANY};
    struct cli_answer answer = {0};
    struct berth_error error = {0};
    json_t *system = NULL;
    if (cli_client_perform(&doctor->cli->client, &request, &answer, &error) != BERTH_OK)
        cli_doctor_fault(doctor, check,
                         error.hint[0]
                             ? error.hint
                             : "name it with --server or BERTH_SERVER, and see that it runs",
                         "%s", error.text);
    else if (answer.status == 401 || answer.status == 403)
        cli_doctor_fault(doctor, check, "set BERTH_TOKEN to a token that may read",
                         "it answers %ld", answer.status);
    else if (answer.status != 200 || berth_json_parse(answer.body.data, answer.body.length,
                                                      CLI_ANSWER_MAX_BYTES, &system, NULL))
        cli_doctor_fault(doctor, check, "is that the admin address?", "it answers %ld",
                         answer.status);
    else
        sound(doctor, check);
    doctor->generation = berth_json_integer(system, "generation", -1);
    const json_t *disk = json_object_get(system, "disk");
    int64_t total = berth_json_integer(disk, "total", 0);
    if (total && berth_json_integer(disk, "free", 0) < total / 20)
        cli_doctor_fault(doctor, "the disk has room",
                         "make room, or let berth gc take old versions away",
                         "less than 5 %% of it is free");
    else if (total)
        sound(doctor, "the disk has room");
    json_decref(system);
    cli_answer_done(&answer);
}

static void check_token_way(struct doctor *doctor) {
    static const char check[] = "the token travels protected";
    const char *server = doctor->cli->client.server;
    if (strncasecmp(server, "https://", 8) == 0 || cli_is_loopback(server))
        sound(doctor, check);
    else
        cli_doctor_fault(doctor, check,
                         "put TLS before the admin address, or reach it through a tunnel",
                         "%s is plain HTTP", server);
}

/* --- the public side --- */

static bool check_reachable(struct doctor *doctor) {
    static const char check[] = "the public address is ready";
    struct cli_probe answer;
    probe(doctor, "/readyz", NULL, &answer);
    bool good = answer.status == 200;
    if (!answer.status)
        cli_doctor_fault(doctor, check,
                         "see that the server runs, and what its log and the proxy's say", "%s",
                         answer.problem);
    else if (answer.status == 400 && strncasecmp(doctor->public_url, "http://", 7) == 0)
        cli_doctor_fault(doctor, check, "does it speak TLS there? then it begins with https://",
                         "/readyz answers %ld", answer.status);
    else if (!good)
        cli_doctor_fault(doctor, check,
                         "a server that drains answers 503; a proxy may have another target",
                         "/readyz answers %ld", answer.status);
    else
        sound(doctor, check);
    time_t theirs = curl_getdate(answer.date, NULL);
    double skew = theirs < 0 ? 0 : difftime(time(NULL), theirs);
    if (good && (skew > SKEW_MAX_S || skew < -SKEW_MAX_S))
        cli_doctor_fault(doctor, "the clocks agree", "let both machines set their clocks by NTP",
                         "this machine's is %.0f s %s", skew < 0 ? -skew : skew,
                         skew < 0 ? "behind" : "ahead");
    else if (good)
        sound(doctor, "the clocks agree");
    cli_probe_done(&answer);
    return good;
}

static void check_revalidation(struct doctor *doctor, const struct cli_probe *first) {
    static const char check[] = "what is live is asked for anew, and answered 304 when it is known";
    struct cli_probe second;
    char etag[256], header[300];
    cli_probe_header(first, "etag", etag, sizeof etag);
    (void)snprintf(header, sizeof header, "If-None-Match: %s", etag);
    if (!has(first, "cache-control", "no-cache")) {
        cli_doctor_fault(doctor, check, "let the proxy pass Cache-Control on as it is",
                         "remotes.json has no Cache-Control: no-cache");
        return;
    }
    probe(doctor, "/manifests/remotes.json", header, &second);
    if (!*etag || second.status != 304)
        cli_doctor_fault(doctor, check, "let the proxy pass ETag and If-None-Match on",
                         *etag ? "a known ETag is answered %ld" : "remotes.json has no ETag (%ld)",
                         second.status);
    else
        sound(doctor, check);
    cli_probe_done(&second);
}

static void check_generation(struct doctor *doctor) {
    int64_t seen = berth_json_integer(doctor->remotes, "generation", -1);
    if (doctor->generation < 0)
        return;
    if (seen < doctor->generation)
        cli_doctor_fault(
            doctor, "the public side tells what is live now",
            "a cache before the server keeps what it must ask for anew, or it is another server",
            "it tells generation %" PRId64 ", the admin side %" PRId64, seen, doctor->generation);
    else
        sound(doctor, "the public side tells what is live now");
}

static void check_manifest(struct doctor *doctor) {
    struct cli_probe answer;
    probe(doctor, "/manifests/remotes.json", NULL, &answer);
    if (answer.status == 200)
        (void)berth_json_parse(answer.body.data ? answer.body.data : "", answer.body.length,
                               CLI_PROBE_MAX_BYTES, &doctor->remotes, NULL);
    if (!doctor->remotes) {
        cli_doctor_fault(doctor, "manifests can be read",
                         "the proxy must pass on every path of the server",
                         "/manifests/remotes.json answers %ld", answer.status);
    } else {
        sound(doctor, "manifests can be read");
        if (has(&answer, "access-control-allow-origin", "*"))
            sound(doctor, "other origins may read them");
        else
            cli_doctor_fault(
                doctor, "other origins may read them",
                "let the proxy pass Access-Control-Allow-Origin on, and set none of its own",
                "there is no Access-Control-Allow-Origin: *");
        check_generation(doctor);
        check_revalidation(doctor, &answer);
    }
    cli_probe_done(&answer);
}

/* The URL of the first live module's entry; NULL when nothing is live. */
static const char *first_entry(const struct doctor *doctor) {
    const char *module;
    json_t *remote;
    json_object_foreach(json_object_get(doctor->remotes, "remotes"), module, remote) {
        const char *entry = berth_json_string(remote, "entry");
        if (entry)
            return entry;
    }
    return NULL;
}

static void check_asset(struct doctor *doctor, const char *entry) {
    struct cli_probe plain, packed;
    probe(doctor, entry, NULL, &plain);
    probe(doctor, entry, "Accept-Encoding: br, gzip", &packed);
    if (plain.status != 200) {
        cli_doctor_fault(doctor, "files of modules can be read",
                         "the proxy must pass on every path of the "
                         "server",
                         "%s answers %ld", entry, plain.status);
    } else {
        sound(doctor, "files of modules can be read");
        if (has(&plain, "cache-control", "immutable") && has_any(&plain, "etag"))
            sound(doctor, "they are kept for ever");
        else
            cli_doctor_fault(doctor, "they are kept for ever",
                             "let the proxy pass Cache-Control and ETag on",
                             "there is no immutable Cache-Control with an ETag");
        if (!has_any(&plain, "content-encoding") &&
            (!has_any(&packed, "content-encoding") || has(&packed, "vary", "ccept-")))
            sound(doctor, "compression is left to the server");
        else
            cli_doctor_fault(doctor, "compression is left to the server",
                             "switch compression off in the proxy (gzip off), and let Vary through",
                             "something on the way compresses, or drops Vary");
        if (has(&plain, "x-content-type-options", "nosniff"))
            sound(doctor, "no browser guesses their types");
        else
            cli_doctor_fault(doctor, "no browser guesses their types",
                             "let the proxy pass X-Content-Type-Options on", "nosniff is missing");
    }
    cli_probe_done(&plain);
    cli_probe_done(&packed);
}

/* Absolute URLs of another origin mean another --public-url than browsers use. */
static void check_origin(struct doctor *doctor, const char *entry) {
    static const char check[] = "URLs lead to this address";
    size_t length = strlen(doctor->public_url);
    if (*entry == '/' || (strncmp(entry, doctor->public_url, length) == 0 && entry[length] == '/'))
        sound(doctor, check);
    else
        cli_doctor_fault(doctor, check,
                         "start the server with --public-url and the address that browsers use",
                         "they begin otherwise: %.200s", entry);
}

static void check_events(struct doctor *doctor) {
    static const char check[] = "event streams arrive at once";
    struct cli_probe answer;
    char url[URL_BYTES];
    (void)snprintf(url, sizeof url, "%s/events", doctor->public_url);
    cli_probe_run(&(struct cli_probe_request){.url = url,
                                              .streams = true,
                                              .ca_file = doctor->cli->client.ca_file,
                                              .unverified = doctor->unverified},
                  STREAM_PATIENCE_MS, &answer);
    if (answer.status == 200 && answer.body.length && has(&answer, "content-type", "event-stream"))
        sound(doctor, check);
    else if (answer.status == 200 || !answer.status)
        cli_doctor_fault(doctor, check,
                         "switch off buffering of /events in the proxy (proxy_buffering off)",
                         "nothing came within %d s", STREAM_PATIENCE_MS / 1000);
    else
        cli_doctor_fault(doctor, check, "the proxy must pass on /events; or --max-streams are open",
                         "it answers %ld", answer.status);
    cli_probe_done(&answer);
}

static void check_admin_is_hidden(struct doctor *doctor) {
    static const char check[] = "the admin API is not public";
    struct cli_probe answer;
    probe(doctor, "/api/system", NULL, &answer);
    if (answer.status == 401 || answer.status == 200)
        cli_doctor_fault(doctor, check, "send only the public listener's paths to the world",
                         "/api/system answers %ld there", answer.status);
    else
        sound(doctor, check);
    cli_probe_done(&answer);
}

static enum berth_exit run_doctor(struct cli *cli) {
    struct berth_error error = {0};
    const char *given = cli->words[0];
    if (strncasecmp(given, "http://", 7) != 0 && strncasecmp(given, "https://", 8) != 0) {
        berth_fail(&error, BERTH_INVALID, "usage",
                   "that is no URL: it must begin with http:// or "
                   "https://");
        berth_error_where(&error, "%s", given);
        berth_error_hint(&error,
                         "name the address that browsers use, as in https://shop.example.org");
        return cli_report(cli, &error);
    }
    char *url = strdup(given);
    if (!url) {
        berth_fail(&error, BERTH_NO_MEMORY, "memory", "out of memory");
        return cli_report(cli, &error);
    }
    struct doctor doctor = {
        .cli = cli, .public_url = url, .findings = json_array(), .generation = -1};
    for (size_t end = strlen(url); end > 0 && url[end - 1] == '/'; end--)
        url[end - 1] = '\0';
    cli_doctor_certificates(&doctor);
    check_admin(&doctor);
    check_token_way(&doctor);
    if (check_reachable(&doctor)) {
        check_manifest(&doctor);
        const char *entry = first_entry(&doctor);
        if (entry) {
            check_origin(&doctor, entry);
            check_asset(&doctor, entry);
        }
        check_events(&doctor);
        check_admin_is_hidden(&doctor);
    }
    if (cli->style.json)
        cli_print_json(&cli->style, doctor.findings);
    else if (!doctor.faults)
        cli_line(stdout, "all is well");
    json_decref(doctor.findings);
    json_decref(doctor.remotes);
    free(url);
    return doctor.faults ? BERTH_EXIT_FAILED : BERTH_EXIT_OK;
}

const struct cli_command cli_command_doctor = {
    .name = "doctor",
    .args = "<public-url>",
    .min_words = 1,
    .max_words = 1,
    .summary = "look at a server from outside, and say what to fix",
    .help = "Asks both addresses of a server as clients do, through whatever proxies stand\n"
            "between: can they be reached, do the clocks agree, do headers for caches and for\n"
            "other origins come through, is what is live fresh, does anything compress or\n"
            "buffer that should not, is the admin API hidden; and of https, is the certificate of\n"
            "a CA that is trusted, for this name, and good for two weeks. Nothing is changed.\n"
            "\n"
            "exit code  0: all is well; 1: something is to be fixed",
    .examples = "  berth doctor https://shop.example.org\n"
                "  berth doctor http://127.0.0.1:8080 --json\n",
    .run = run_doctor,
};

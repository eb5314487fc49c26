/* Archives by the list that tests/data/bundles/hostile.py writes, and the same cut and changed at
 * every byte. The process stays in the "C" locale, as the server does. */
#include "bundle_scratch.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the above */
#include <cmocka.h>
#include <jansson.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct scratch *scratch;
static char folder[] = "/tmp/berth-archives-XXXXXX";
static json_t *cases;

static void in_folder(const char *name, char ret[128]) {
    (void)snprintf(ret, 128, "%s/%s", folder, name);
}

static int group_setup(void **state) {
    if (scratch_setup(state) || !mkdtemp(folder))
        return -1;
    scratch = *state;
    pid_t child = fork();
    if (child == 0) {
        execlp("python3", "python3", BERTH_TEST_DATA "/bundles/hostile.py", folder, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        return -1;
    char path[128];
    in_folder("cases.json", path);
    cases = json_load_file(path, 0, NULL);
    return cases ? 0 : -1;
}

static int group_teardown(void **state) {
    json_decref(cases);
    scratch_remove(folder);
    *state = scratch;
    return scratch_teardown(state);
}

static enum berth_code code_of(const char *name) {
    static const struct {
        const char *name;
        enum berth_code code;
    } codes[] = {{"ok", BERTH_OK},
                 {"invalid", BERTH_INVALID},
                 {"refused", BERTH_REFUSED},
                 {"too_large", BERTH_TOO_LARGE},
                 {"unsupported", BERTH_UNSUPPORTED}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].name, name) == 0)
            return codes[i].code;
    fail_msg("no code is called %s", name);
    return BERTH_CODE_COUNT;
}

static const char *text_of(const json_t *entry, const char *key) {
    return json_string_value(json_object_get(entry, key));
}

static char *load(const json_t *entry, size_t *ret_length) {
    char path[128];
    in_folder(text_of(entry, "file"), path);
    return scratch_load(path, ret_length);
}

static enum berth_code read_bytes(const char *data, size_t length, struct berth_version *ret,
                                  struct berth_error *error) {
    int fd = scratch_file(data, length);
    enum berth_code code = scratch_read(scratch, fd, (int64_t)length, ret, error);
    close(fd);
    return code;
}

/* All of a group must have the same contents. */
static bool check_group(const json_t *entry, const struct berth_version *version, json_t *digests) {
    char hex[BERTH_HEX_BYTES];
    berth_digest_hex(&version->digest, hex);
    const char *group = text_of(entry, "group");
    const char *known = text_of(digests, group);
    if (!known)
        json_object_set_new(digests, group, json_string(hex));
    return !known || strcmp(known, hex) == 0;
}

static bool check_case(const json_t *entry, json_t *digests) {
    size_t length = 0;
    char *data = load(entry, &length);
    struct berth_version version = {0};
    struct berth_error error = {0};
    enum berth_code code = read_bytes(data, length, &version, &error);
    free(data);
    const char *rule = text_of(entry, "rule");
    const char *where = text_of(entry, "where");
    bool good = code == code_of(text_of(entry, "code")) &&
                (!rule || strcmp(error.rule, rule) == 0) &&
                (!where || strcmp(error.where, where) == 0) &&
                (code || check_group(entry, &version, digests));
    if (!good)
        print_error("%s: got %d %s [%s] %s, want %s %s\n", text_of(entry, "name"), (int)code,
                    error.rule, error.where, error.text, text_of(entry, "code"), rule);
    berth_version_done(&version);
    return good;
}

static void every_listed_archive_meets_its_rule(void **state) {
    (void)state;
    json_t *digests = json_object();
    size_t index = 0;
    size_t wrong = 0;
    const json_t *entry = NULL;
    json_array_foreach(cases, index, entry) wrong += !check_case(entry, digests);
    json_decref(digests);
    assert_true(index > 150);
    assert_int_equal(wrong, 0);
}

static void the_locale_is_left_alone(void **state) {
    (void)state;
    assert_string_equal(setlocale(LC_ALL, NULL), "C");
}

static const json_t *find_case(const char *name) {
    size_t index = 0;
    const json_t *entry = NULL;
    json_array_foreach(cases, index,
                       entry) if (strcmp(text_of(entry, "name"), name) == 0) return entry;
    return NULL;
}

static void check_cuts(const char *name) {
    const json_t *entry = find_case(name);
    if (!entry)
        return; /* its tool is not installed */
    size_t length = 0;
    char *data = load(entry, &length);
    int fd = scratch_file(data, length);
    for (size_t cut = 0; cut < length; cut++) {
        struct berth_version version = {0};
        struct berth_error error = {0};
        enum berth_code code = scratch_read(scratch, fd, (int64_t)cut, &version, &error);
        if (code != BERTH_REFUSED && code != BERTH_UNSUPPORTED && code != BERTH_INVALID)
            fail_msg("%s cut at %zu: code %d", name, cut, (int)code);
    }
    close(fd);
    free(data);
}

static void an_archive_cut_at_any_byte_is_refused(void **state) {
    (void)state;
    check_cuts("ustar");
    check_cuts("tar.gz");
    check_cuts("zstd -19 of a tar");
    check_cuts("zip");
    check_cuts("a streamed zip");
    check_cuts("a pax size as node-tar writes it");
}

/* Formats with checksums: a changed byte is refused, or changed nothing that is kept. */
static void check_flips(const char *name) {
    const json_t *entry = find_case(name);
    if (!entry)
        return;
    size_t length = 0;
    char *data = load(entry, &length);
    struct berth_version good = {0};
    assert_int_equal(read_bytes(data, length, &good, NULL), BERTH_OK);
    for (size_t i = 0; i < length; i++) {
        struct berth_version version = {0};
        data[i] = (char)(data[i] ^ 0x20);
        enum berth_code code = read_bytes(data, length, &version, NULL);
        data[i] = (char)(data[i] ^ 0x20);
        if (!code && !berth_digest_equal(&version.digest, &good.digest))
            fail_msg("%s changed at %zu is taken for something else", name, i);
        if (code == BERTH_IO || code == BERTH_NO_MEMORY)
            fail_msg("%s changed at %zu: code %d", name, i, (int)code);
        berth_version_done(&version);
    }
    berth_version_done(&good);
    free(data);
}

static void a_changed_byte_never_changes_the_contents_silently(void **state) {
    (void)state;
    check_flips("tar.gz");
    check_flips("zstd -19 of a tar");
    check_flips("zip");
    check_flips("a streamed zip");
}

static enum berth_code read_with(const char *name, const struct berth_bundle_limits *limits,
                                 struct berth_error *error) {
    size_t length = 0;
    char *data = load(find_case(name), &length);
    int fd = scratch_file(data, length);
    struct berth_version version = {0};
    enum berth_code code =
        berth_bundle_read(scratch->store, fd, (int64_t)length, limits, &version, error);
    berth_version_done(&version);
    close(fd);
    free(data);
    return code;
}

static void check_limit(const struct berth_bundle_limits *limits, const char *rule) {
    static const char *const names[] = {"ustar", "tar.gz", "zip"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct berth_error error = {0};
        assert_int_equal(read_with(names[i], limits, &error), BERTH_TOO_LARGE);
        assert_string_equal(error.rule, rule);
    }
}

static void each_limit_has_its_own_rule(void **state) {
    (void)state;
    struct berth_bundle_limits limits = berth_bundle_limits_default();
    limits.archive_bytes = 10;
    check_limit(&limits, "limit-archive-bytes");
    limits = berth_bundle_limits_default();
    limits.file_bytes = 10;
    check_limit(&limits, "limit-file-bytes");
    limits = berth_bundle_limits_default();
    limits.unpacked_bytes = 58;
    check_limit(&limits, "limit-unpacked-bytes");
    limits = berth_bundle_limits_default();
    limits.entries = 2;
    check_limit(&limits, "limit-entries");
}

static void limits_that_are_just_met_are_fine(void **state) {
    (void)state;
    struct berth_bundle_limits limits = berth_bundle_limits_default();
    limits.file_bytes = 56;
    limits.unpacked_bytes = 56 + 3 + 3;
    limits.entries = 3;
    struct berth_error error = {0};
    if (read_with("ustar", &limits, &error) || read_with("zip", &limits, &error))
        fail_msg("%s: %s", error.rule, error.text);
}

static void *read_some(void *context) {
    (void)context;
    static const char *const names[] = {"tar.gz", "zip", "unusual names in pax", "a good manifest"};
    struct berth_bundle_limits limits = berth_bundle_limits_default();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (read_with(names[i], &limits, NULL))
            return NULL;
    return scratch;
}

static void a_worker_s_stack_of_100_KiB_is_enough(void **state) {
    (void)state;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
#ifndef __SANITIZE_ADDRESS__
    assert_int_equal(pthread_attr_setstacksize(&attributes, (size_t)100 * 1024), 0);
#endif
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, &attributes, read_some, NULL), 0);
    pthread_attr_destroy(&attributes);
    void *result = NULL;
    pthread_join(thread, &result);
    assert_ptr_equal(result, scratch);
}

static void a_refusal_leaves_the_result_alone(void **state) {
    (void)state;
    struct berth_version version = {.bytes = 7};
    assert_int_equal(read_bytes("<html>", 6, &version, NULL), BERTH_UNSUPPORTED);
    assert_int_equal(version.bytes, 7);
    assert_null(version.assets);
    assert_null(version.description);
}

static void assets_are_sorted_and_their_blobs_are_there(void **state) {
    (void)state;
    size_t length = 0;
    char *data = load(find_case("a tar in another order"), &length);
    struct berth_version version = {0};
    assert_int_equal(read_bytes(data, length, &version, NULL), BERTH_OK);
    free(data);
    static const char *const paths[] = {"1.js", "css/main.css", "remoteEntry.js"};
    assert_int_equal(version.asset_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(version.assets[i].path, paths[i]);
        char *blob = NULL;
        size_t bytes = 0;
        assert_int_equal(
            berth_blob_read(scratch->store, &version.assets[i].digest, 1000, &blob, &bytes, NULL),
            BERTH_OK);
        assert_int_equal(bytes, version.assets[i].bytes);
        free(blob);
    }
    assert_int_equal(version.bytes, 56 + 3 + 3);
    assert_int_equal(version.archive_bytes, length);
    berth_version_done(&version);
}

static void the_digest_is_over_paths_and_digests(void **state) {
    (void)state;
    size_t length = 0;
    char *data = load(find_case("ustar"), &length);
    struct berth_version version = {0};
    assert_int_equal(read_bytes(data, length, &version, NULL), BERTH_OK);
    free(data);
    char list[3 * (32 + BERTH_HEX_BYTES)];
    size_t used = 0;
    for (size_t i = 0; i < version.asset_count; i++) {
        char hex[BERTH_HEX_BYTES];
        berth_digest_hex(&version.assets[i].digest, hex);
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%c%s\n",
                                 version.assets[i].path, '\0', hex);
    }
    struct berth_digest digest = berth_sha256(list, used);
    assert_true(berth_digest_equal(&digest, &version.digest));
    berth_version_done(&version);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_listed_archive_meets_its_rule),
        cmocka_unit_test(the_locale_is_left_alone),
        cmocka_unit_test(an_archive_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_changed_byte_never_changes_the_contents_silently),
        cmocka_unit_test(each_limit_has_its_own_rule),
        cmocka_unit_test(limits_that_are_just_met_are_fine),
        cmocka_unit_test(a_worker_s_stack_of_100_KiB_is_enough),
        cmocka_unit_test(a_refusal_leaves_the_result_alone),
        cmocka_unit_test(assets_are_sorted_and_their_blobs_are_there),
        cmocka_unit_test(the_digest_is_over_paths_and_digests),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}

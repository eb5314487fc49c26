/* Memory that runs out between a row and its answer. */
#include "release_fixture.h"

#include <stdatomic.h>

/* From the swap of the pointer on, for the thread that swapped. */
static _Thread_local bool is_out;
static atomic_bool runs_out;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void __real_berth_publish(struct berth_publisher *publisher, struct berth_snapshot *snapshot);
void __wrap_berth_publish(struct berth_publisher *publisher, struct berth_snapshot *snapshot);

void *__wrap_malloc(size_t bytes) {
    return is_out ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    return is_out ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes) {
    return is_out ? NULL : __real_realloc(old, bytes);
}

void __wrap_berth_publish(struct berth_publisher *publisher, struct berth_snapshot *snapshot) {
    __real_berth_publish(publisher, snapshot);
    is_out = runs_out;
}

static enum berth_code upload(struct release_fixture *fixture, const char *module,
                              const char *version) {
    struct berth_uploaded uploaded = {0};
    struct archive archive = release_archive(version, version);
    runs_out = true;
    enum berth_code code = release_try_upload(fixture, module, version, &archive, false, &uploaded);
    runs_out = false;
    is_out = false;
    if (code == BERTH_OK)
        berth_uploaded_done(&uploaded);
    free(archive.data);
    return code;
}

static void a_version_that_has_a_row_is_known_to_the_next_change(void **state) {
    static const char *const MODULES[] = {"m", "a", "z", "n"}; /* first, before, behind, between */
    struct release_fixture *fixture = *state;
    for (size_t i = 0; i < sizeof MODULES / sizeof MODULES[0]; i++) {
        assert_int_equal(upload(fixture, MODULES[i], "1.0.0"), BERTH_OK);
        assert_int_equal(upload(fixture, MODULES[i], "1.1.0"), BERTH_OK);
    }
    for (size_t i = 0; i < sizeof MODULES / sizeof MODULES[0]; i++) {
        release_activate(fixture, MODULES[i], "1.0.0");
        release_activate(fixture, MODULES[i], "1.1.0");
        assert_live(fixture, MODULES[i], "1.1.0");
    }
}

static void a_deletion_makes_room_that_is_used_again(void **state) {
    struct release_fixture *fixture = *state;
    struct berth_version_delete request = {.version = "1.0.0", .at_ms = 1, .by = {.name = "ops"}};
    static const char *const MODULES[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++)
        assert_int_equal(upload(fixture, MODULES[i], "1.0.0"), BERTH_OK);
    for (int i = 0; i < 3; i++) {
        request.module = MODULES[i];
        assert_int_equal(berth_desk_delete(fixture->desk, &request, &fixture->error), BERTH_OK);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(upload(fixture, MODULES[i], "2.0.0"), BERTH_OK);
    for (int i = 0; i < 3; i++)
        release_activate(fixture, MODULES[i], "2.0.0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RELEASE_TEST(a_version_that_has_a_row_is_known_to_the_next_change),
        RELEASE_TEST(a_deletion_makes_room_that_is_used_again),
    };
    return cmocka_run_group_tests_name("release_memory", tests, NULL, NULL);
}

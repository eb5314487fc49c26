/* What a disk does not give while a bundle is looked at. */
#include "bundle_scratch.h"
#include "detect.h"

#include "berth/digest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct file {
    const char *path;
    const char *text;
};

/* Stores it and adds it to the tree. */
static void add_file(struct scratch *scratch, struct berth_tree *tree, const struct file *file,
                     struct berth_digest *ret) {
    struct berth_blob_writer *writer = NULL;
    int64_t bytes = (int64_t)strlen(file->text);
    assert_int_equal(berth_blob_begin(scratch->store, &writer, NULL), BERTH_OK);
    assert_int_equal(berth_blob_add(writer, file->text, (size_t)bytes, NULL), BERTH_OK);
    assert_int_equal(berth_blob_finish(writer, ret, &bytes, NULL), BERTH_OK);
    assert_int_equal(berth_tree_add(tree, file->path, ret, "", bytes, NULL), BERTH_OK);
}

/* Its bytes cannot be had any more. */
static void lose(const struct scratch *scratch, const struct berth_digest *digest) {
    char hex[BERTH_HEX_BYTES], path[256];
    berth_digest_hex(digest, hex);
    (void)snprintf(path, sizeof path, "%s/blobs/%.2s/%s", scratch->directory, hex, hex);
    assert_int_equal(truncate(path, 0), 0);
}

/* Looks at these files, of which the one at `lost` is damaged; -1: none is. */
static enum berth_code look(struct scratch *scratch, const struct file *files, int count, int lost,
                            struct berth_error *error) {
    struct berth_digest digests[4];
    struct berth_tree tree;
    char *description = NULL;
    berth_tree_init(&tree);
    for (int i = 0; i < count; i++)
        add_file(scratch, &tree, &files[i], &digests[i]);
    assert_int_equal(berth_tree_finish(&tree, NULL), BERTH_OK);
    if (lost >= 0)
        lose(scratch, &digests[lost]);
    enum berth_code code = berth_detect(scratch->store, &tree, BERTH_TAR_GZIP, &description, error);
    assert_int_equal(!description, code != BERTH_OK);
    free(description);
    berth_tree_done(&tree);
    return code;
}

/* Each of them tells what the bundle is: without one of them it would be taken for another, or
 * refused for a reason that is none. */
static void no_file_may_be_missing(void **state) {
    static const struct file pilet[] = {
        {"package.json", "{\"name\":\"p\",\"version\":\"1.0.0\",\"main\":\"index.js\"}"},
        {"index.js",
         "//@pilet v:2(webpackChunkpr_p,{})\nSystem.register([],function(e){return{}})"},
    };
    static const struct file module[] = {
        {"berth.json", "{\"entry\":\"main.mjs\"}"},
        {"main.mjs", "import './part.mjs';\nexport const mount = () => {};"},
        {"part.mjs", "export const part = 1;"},
    };
    static const struct {
        const struct file *files;
        int count;
    } bundles[] = {{pilet, 2}, {module, 3}};
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
        for (int lost = -1; lost < bundles[i].count; lost++) {
            struct berth_error error = {0};
            enum berth_code code = look(*state, bundles[i].files, bundles[i].count, lost, &error);
            if (lost < 0)
                assert_int_equal(code, BERTH_OK);
            else
                assert_true(code == BERTH_IO);
            assert_int_equal(error.code, code);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_file_may_be_missing, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

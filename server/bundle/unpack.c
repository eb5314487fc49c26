#include "unpack.h"
#include "reader.h"

enum berth_code berth_archive_look(int fd, int64_t archive_bytes, enum berth_archive kind,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_error *error) {
    struct berth_tree tree;
    struct berth_intake intake;
    berth_tree_init(&tree);
    berth_intake_init(&intake, NULL, archive_bytes, limits, &tree);
    enum berth_code code = berth_archive_scan(fd, archive_bytes, kind, limits, &intake.sink, error);
    if (!code)
        code = berth_tree_finish(&tree, error);
    berth_intake_done(&intake);
    berth_tree_done(&tree);
    return code;
}

/* Twice: unpacking is cheap beside writing and syncing, and so 20,000 entries and a bad one are
 * refused at once, without a byte on the disk. */
static enum berth_code read_here(struct berth_intake *intake, int fd, enum berth_archive kind,
                                 struct berth_error *error) {
    enum berth_code code =
        berth_archive_look(fd, intake->archive_bytes, kind, intake->limits, error);
    return code ? code
                : berth_archive_scan(fd, intake->archive_bytes, kind, intake->limits, &intake->sink,
                                     error);
}

static enum berth_code read_into(struct berth_intake *intake, int fd, enum berth_archive kind,
                                 struct berth_error *error) {
    enum berth_code code = intake->limits->seconds ? berth_isolate_read(intake, fd, kind, error)
                                                   : read_here(intake, fd, kind, error);
    berth_intake_done(intake);
    return code ? code : berth_tree_finish(intake->tree, error);
}

enum berth_code berth_archive_read(struct berth_store *store, int fd, int64_t archive_bytes,
                                   enum berth_archive kind,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_tree *tree, struct berth_error *error) {
    struct berth_batch *batch = NULL;
    struct berth_intake intake;
    enum berth_code code = store ? berth_batch_begin(store, &batch, error) : BERTH_OK;
    if (code)
        return code;
    berth_intake_init(&intake, batch, archive_bytes, limits, tree);
    code = read_into(&intake, fd, kind, error);
    if (!batch)
        return code;
    if (!code)
        return berth_batch_finish(batch, error);
    berth_batch_abort(batch);
    return code;
}

enum berth_code berth_archive_pick(int fd, int64_t archive_bytes, enum berth_archive kind,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_pick *pick, struct berth_error *error) {
    struct berth_tree tree;
    struct berth_intake intake;
    berth_tree_init(&tree);
    berth_intake_init(&intake, NULL, archive_bytes, limits, &tree);
    intake.pick = pick;
    enum berth_code code = read_into(&intake, fd, kind, error);
    berth_tree_done(&tree);
    return code;
}

/* What gc and backups share. */
#ifndef BERTH_RELEASE_KEEP_H
#define BERTH_RELEASE_KEEP_H

#include "desk.h"

#include "berth/keep.h"

/* BERTH_BUSY ("keep-busy"). */
enum berth_code keep_begin(struct berth_desk *desk, struct berth_error *error);
void keep_end(struct berth_desk *desk);

/* With every reader told. BERTH_CONFLICT for what is live or the way back. */
enum berth_code keep_delete_version(struct berth_desk *desk, const char *module,
                                    const char *version, const char *by, struct berth_error *error);

#endif

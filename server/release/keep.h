/* What gc and backups share. */
#ifndef BERTH_RELEASE_KEEP_H
#define BERTH_RELEASE_KEEP_H

#include "desk.h"

#include "berth/keep.h"

/* BERTH_BUSY ("keep-busy"). */
enum berth_code keep_begin(struct berth_desk *desk, struct berth_error *error);
void keep_end(struct berth_desk *desk);

#endif

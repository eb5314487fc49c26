/* An archive's members, one by one through libarchive, into a sink.
 *
 * The only file that may include archive.h is reader.c (and pack.c, which writes).
 *
 * Thread rules: a call belongs to one thread; different calls may run at once.
 */
#ifndef BUNDLE_READER_H
#define BUNDLE_READER_H

#include "berth/bundle.h"
#include "berth/error.h"
#include "kind.h"
#include "sink.h"
#include <stdint.h>

/* Checks everything that can be checked on one member alone, and that the archive is whole. */
enum berth_code berth_archive_scan(int fd, int64_t archive_bytes, enum berth_archive kind,
                                   const struct berth_bundle_limits *limits,
                                   struct berth_sink *sink, struct berth_error *error);

/* Opens what a scan needs of the file system, which is the locale; else the first scan does. */
enum berth_code berth_archive_prepare(struct berth_error *error);

#endif

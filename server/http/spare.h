/* What happens when the process has no file descriptor left.
 *
 * civetweb's thread that accepts would then find a client, fail to take it, and try again without
 * end and without a word, while the client waits. So one descriptor is kept back. While there is no
 * other, it is given up for a moment, to take each waiting client, tell it 503 with Retry-After,
 * and close. civetweb looks at the same socket, and is often faster: then the client is served, and
 * the others wait until a descriptor is free. For all listeners together, one line in the log tells
 * the beginning and one the end.
 *
 * Listeners are started with enough descriptors for all connections (listener.c), so this is for
 * limits that are lowered later and for descriptors that something else uses up.
 *
 * Thread rules: the watch's thread, but for find: its lock.
 */
#ifndef BERTH_HTTP_SPARE_H
#define BERTH_HTTP_SPARE_H

#include <netinet/in.h>
#include <stdbool.h>

struct berth_spare {
    int kept;      /* the one kept back */
    int listening; /* civetweb's own socket; -1 when it is not known */
    bool exhausted;
};

/* false, with errno, when there is no descriptor to keep. */
bool berth_spare_init(struct berth_spare *spare);
/* Finds the socket that listens on the address. */
void berth_spare_find(struct berth_spare *spare, const struct sockaddr_in *address);
/* Is there no descriptor left but the spare one? */
bool berth_spare_is_needed(struct berth_spare *spare);
/* Tells clients that wait, and that come within the time, to come back. */
void berth_spare_refuse(struct berth_spare *spare, int duration_ms);
void berth_spare_done(struct berth_spare *spare);

#endif

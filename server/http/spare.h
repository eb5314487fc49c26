/* What happens when the process has no file descriptor left.
 *
 * civetweb's thread that accepts would then find a client, fail to take it, and try again without
 * end and without a word, while the client waits. So an usher stands by: a thread with a table of
 * descriptors of its own (unshare(2), CLONE_FILES), in which nothing is but the listening socket.
 * While the process has no descriptor, the usher takes each waiting client, tells it 503 with
 * Retry-After, and closes. civetweb cannot be faster, since it has no descriptor to take one with.
 * For all listeners together, one line in the log tells the beginning and one the end. Loops have
 * spare descriptors of their own (accept.c), and tell these two where no usher does.
 *
 * Listeners are started with enough descriptors for all connections (listener.c), so this is for
 * limits that are lowered later and for descriptors that something else uses up.
 *
 * Thread rules: start and stop belong to one thread, look to the watch's, with no call at once.
 */
#ifndef BERTH_HTTP_SPARE_H
#define BERTH_HTTP_SPARE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct berth_spare {
    pthread_t usher;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int listening; /* civetweb's own socket; -1 when there is no usher */
    atomic_bool needed;
    atomic_bool finished;
};

/* Finds the socket that listens on the address, and starts its usher; without either there is none,
 * and clients wait. */
void berth_spare_start(struct berth_spare *spare, const struct sockaddr_in *address);
/* Sees whether there are descriptors, and has the usher begin or end. */
void berth_spare_look(struct berth_spare *spare);
void berth_spare_stop(struct berth_spare *spare);

/* Is there an usher, of any listener, so that others need not tell? Any thread, as the rest. */
bool berth_spare_is_watched(void);
/* Once for the beginning and once for the end of what somebody has seen. */
void berth_spare_tell(bool exhausted);

#endif

/* How an exchange reaches its client: what the engines (civetweb's threads, the loop, the loop's
 * workers) do differently. All else of an exchange is the same code.
 *
 * Thread rules: an exchange's own thread.
 */
#ifndef BERTH_HTTP_TRANSPORT_H
#define BERTH_HTTP_TRANSPORT_H

#include "berth/http.h"

struct berth_transport {
    /* Reads `length` bytes of the body; returns less when it ended before, or when the deadline
     * came, or nothing for the request time-out (*ret_late). */
    size_t (*read)(struct berth_exchange *exchange, void *ret, size_t length, int64_t deadline_ms,
                   bool *ret_late);
    /* Writes all of it; false when the client is gone or the deadline came. */
    bool (*write)(struct berth_exchange *exchange, const void *data, size_t length,
                  int64_t deadline_ms);
    /* See berth_stream_wait. */
    enum berth_stream_state (*wait)(struct berth_exchange *exchange, int fd, int timeout_ms);
    /* Where nothing may wait, instead of all of them: sends a whole answer, `head` (which may have
     * some of the body behind it) and then `body`, at once or bit by bit after the handler has
     * returned. NULL elsewhere. */
    void (*send)(struct berth_exchange *exchange, const char *head, size_t head_bytes,
                 const char *body, int64_t body_bytes);
};

#endif

/* The ring is Dmitry Vyukov's bounded queue: each cell has a sequence number that says whose turn
 * it is, so that producers meet only on one counter and never wait. One thread consumes. */
#include "berth/log.h"

#include "berth/clock.h"
#include "berth/json.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RING_CELLS = 4096, FLUSH_EVERY_MS = 20 };

struct cell {
    _Atomic size_t turn;
    struct berth_log_request record;
};

static struct cell ring[RING_CELLS];
static _Atomic size_t next_put;
static size_t next_take;
static _Atomic uint64_t dropped;
static atomic_bool running;
static pthread_t writer;
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;

void berth_log_put(const struct berth_log_request *record) {
    if (!atomic_load_explicit(&running, memory_order_relaxed))
        return;
    size_t position = atomic_load_explicit(&next_put, memory_order_relaxed);
    for (;;) {
        struct cell *cell = &ring[position % RING_CELLS];
        size_t turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        if (turn == position) {
            if (atomic_compare_exchange_weak_explicit(&next_put, &position, position + 1,
                                                      memory_order_relaxed, memory_order_relaxed)) {
                cell->record = *record;
                atomic_store_explicit(&cell->turn, position + 1, memory_order_release);
                return;
            }
        } else if (turn < position) {
            atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
            return;
        } else {
            position = atomic_load_explicit(&next_put, memory_order_relaxed);
        }
    }
}

static bool take(struct berth_log_request *ret) {
    struct cell *cell = &ring[next_take % RING_CELLS];
    if (atomic_load_explicit(&cell->turn, memory_order_acquire) != next_take + 1)
        return false;
    *ret = cell->record;
    atomic_store_explicit(&cell->turn, next_take + RING_CELLS, memory_order_release);
    next_take++;
    return true;
}

/* A path may hold any byte; JSON text may not. */
static json_t *text_value(const char *text) {
    json_t *value = json_string(text);
    if (value)
        return value;
    char plain[256];
    size_t length = 0;
    for (; text[length] && length + 1 < sizeof plain; length++) {
        plain[length] = text[length];
        if ((unsigned char)text[length] >= 0x80)
            plain[length] = '?';
    }
    plain[length] = '\0';
    return json_string(plain);
}

static void write_line(json_t *line) {
    char *text = line ? berth_json_text(line) : NULL;
    json_decref(line);
    if (!text)
        return;
    pthread_mutex_lock(&out_lock);
    (void)fputs(text, stdout);
    (void)fputc('\n', stdout);
    pthread_mutex_unlock(&out_lock);
    free(text);
}

static void write_request(const struct berth_log_request *record) {
    char at[BERTH_RFC3339_BYTES];
    berth_rfc3339(record->time_ms, at);
    json_t *line =
        json_pack("{ss ss ss ss so si sI sI ss ss}", "time", at, "event", "request", "listener",
                  record->listener, "method", record->method, "path", text_value(record->path),
                  "status", record->status, "bytes", (json_int_t)record->bytes, "us",
                  (json_int_t)record->duration_us, "remote", record->remote, "id", record->id);
    if (line && record->actor[0])
        json_object_set_new(line, "actor", text_value(record->actor));
    if (line && record->rule[0])
        json_object_set_new(line, "rule", text_value(record->rule));
    write_line(line);
}

static void drain(void) {
    struct berth_log_request record;
    bool any = false;
    while (take(&record)) {
        write_request(&record);
        any = true;
    }
    uint64_t lost = atomic_exchange_explicit(&dropped, 0, memory_order_relaxed);
    if (lost)
        berth_log_event("warn", "log-dropped", json_pack("{sI}", "lines", (json_int_t)lost));
    if (any) {
        pthread_mutex_lock(&out_lock);
        (void)fflush(stdout);
        pthread_mutex_unlock(&out_lock);
    }
}

static void *write_lines(void *unused) {
    (void)unused;
    while (atomic_load(&running)) {
        drain();
        nanosleep(&(struct timespec){.tv_nsec = FLUSH_EVERY_MS * 1000000L}, NULL);
    }
    drain();
    return NULL;
}

void berth_log_start(void) {
    for (size_t i = 0; i < RING_CELLS; i++)
        atomic_store_explicit(&ring[i].turn, i, memory_order_relaxed);
    atomic_store(&next_put, 0);
    next_take = 0;
    atomic_store(&running, true);
    if (pthread_create(&writer, NULL, write_lines, NULL) != 0)
        atomic_store(&running, false);
}

void berth_log_stop(void) {
    if (!atomic_exchange(&running, false))
        return;
    pthread_join(writer, NULL);
}

void berth_log_event(const char *level, const char *event, json_t *fields) {
    char at[BERTH_RFC3339_BYTES];
    berth_rfc3339(berth_now_ms(), at);
    json_t *line = json_pack("{ss ss ss}", "time", at, "level", level, "event", event);
    if (line && fields)
        json_object_update(line, fields);
    json_decref(fields);
    write_line(line);
    pthread_mutex_lock(&out_lock);
    (void)fflush(stdout);
    pthread_mutex_unlock(&out_lock);
}

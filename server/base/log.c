/* The ring is Dmitry Vyukov's bounded queue: each cell has a sequence number that says whose turn
 * it is, so that producers meet only on one counter and never wait. One thread consumes. */
#include "berth/log.h"

#include "berth/clock.h"
#include "berth/json.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RING_CELLS = 4096,
    FLUSH_EVERY_MS = 20,
    LINES_BYTES = 65536, /* written at once */
    LINE_MAX_BYTES = 6 * (int)sizeof(struct berth_log_request) + 256,
};

struct cell {
    _Atomic size_t turn;
    struct berth_log_request record;
};

static struct cell ring[RING_CELLS];
static _Atomic size_t next_put;
static size_t next_take;
static _Atomic uint64_t dropped; /* since the start */
static uint64_t dropped_told;    /* of them, in lines; the writer's */
static atomic_bool running;
static pthread_t writer;
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER;
static bool to_stderr;

struct berth_log_request *berth_log_begin(void) {
    if (!atomic_load_explicit(&running, memory_order_relaxed))
        return NULL;
    size_t position = atomic_load_explicit(&next_put, memory_order_relaxed);
    for (;;) {
        struct cell *cell = &ring[position % RING_CELLS];
        size_t turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        if (turn == position) {
            if (atomic_compare_exchange_weak_explicit(&next_put, &position, position + 1,
                                                      memory_order_relaxed, memory_order_relaxed))
                return &cell->record;
        } else if (turn < position) {
            atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
            return NULL;
        } else {
            position = atomic_load_explicit(&next_put, memory_order_relaxed);
        }
    }
}

/* Nobody else writes the turn of a cell that was given out. */
void berth_log_end(struct berth_log_request *record) {
    struct cell *cell = (struct cell *)((char *)record - offsetof(struct cell, record));
    size_t position = atomic_load_explicit(&cell->turn, memory_order_relaxed);
    atomic_store_explicit(&cell->turn, position + 1, memory_order_release);
}

/* --- the writer's side --- */

static const struct berth_log_request *peek(void) {
    const struct cell *cell = &ring[next_take % RING_CELLS];
    if (atomic_load_explicit(&cell->turn, memory_order_acquire) != next_take + 1)
        return NULL;
    return &cell->record;
}

static void give_back(void) {
    atomic_store_explicit(&ring[next_take % RING_CELLS].turn, next_take + RING_CELLS,
                          memory_order_release);
    next_take++;
}

static FILE *output(void) {
    return to_stderr ? stderr : stdout;
}

void berth_log_to_stderr(void) {
    to_stderr = true;
}

static void write_out(const char *text, size_t length) {
    pthread_mutex_lock(&out_lock);
    (void)fwrite(text, 1, length, output());
    (void)fflush(output());
    pthread_mutex_unlock(&out_lock);
}

static char *put_text(char *at, const char *name, const char *text) {
    return berth_json_put_string(stpcpy(at, name), text);
}

static char *put_number(char *at, const char *name, int64_t value) {
    char digits[20];
    char *first = digits + sizeof digits;
    at = stpcpy(at, name);
    if (value < 0) {
        *at++ = '-';
        value = -value;
    }
    do {
        *--first = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return mempcpy(at, first, (size_t)(digits + sizeof digits - first));
}

/* The calendar is asked once a second. */
static char *put_time(char *at, int64_t time_ms) {
    enum { SECOND_BYTES = sizeof "2026-11-20T18:34:07" - 1 };
    static int64_t second = -1;
    static char text[BERTH_RFC3339_BYTES];
    if (time_ms < 0 || time_ms / 1000 != second) {
        second = time_ms < 0 ? -1 : time_ms / 1000;
        berth_rfc3339(time_ms, text);
    } else {
        int rest = (int)(time_ms % 1000);
        text[SECOND_BYTES + 1] = (char)('0' + rest / 100);
        text[SECOND_BYTES + 2] = (char)('0' + rest / 10 % 10);
        text[SECOND_BYTES + 3] = (char)('0' + rest % 10);
    }
    return stpcpy(at, text);
}

/* Not through json_t: that would cost more than the request that it tells of. */
static char *put_request(char *at, const struct berth_log_request *record) {
    at = put_time(stpcpy(at, "{\"time\":\""), record->time_ms);
    at = put_text(at, "\",\"event\":\"request\",\"listener\":", record->listener);
    at = put_text(at, ",\"method\":", record->method);
    at = put_text(at, ",\"path\":", record->path);
    at = put_number(at, ",\"status\":", record->status);
    at = put_number(at, ",\"bytes\":", record->bytes);
    at = put_number(at, ",\"us\":", record->duration_us);
    at = put_text(at, ",\"remote\":", record->remote);
    at = put_text(at, ",\"id\":", record->id);
    if (record->actor[0])
        at = put_text(at, ",\"actor\":", record->actor);
    if (record->rule[0])
        at = put_text(at, ",\"rule\":", record->rule);
    if (record->trace[0]) {
        at = put_text(at, ",\"traceId\":", record->trace);
        at = put_text(at, ",\"parentId\":", record->parent);
    }
    return stpcpy(at, "}\n");
}

uint64_t berth_log_dropped(void) {
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

static void drain(void) {
    static char lines[LINES_BYTES];
    char *at = lines;
    for (const struct berth_log_request *record; (record = peek());) {
        at = put_request(at, record);
        give_back();
        if (lines + sizeof lines - at < LINE_MAX_BYTES) {
            write_out(lines, (size_t)(at - lines));
            at = lines;
        }
    }
    if (at > lines)
        write_out(lines, (size_t)(at - lines));
    uint64_t lost = berth_log_dropped() - dropped_told;
    dropped_told += lost;
    if (lost)
        berth_log_event("warn", "log-dropped", json_pack("{sI}", "lines", (json_int_t)lost));
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
    char *text = line ? berth_json_text(line) : NULL;
    json_decref(line);
    if (!text)
        return;
    pthread_mutex_lock(&out_lock);
    (void)fputs(text, output());
    (void)fputc('\n', output());
    (void)fflush(output());
    pthread_mutex_unlock(&out_lock);
    free(text);
}

json_t *berth_log_text(const char *text) {
    json_t *value = json_string(text);
    return value ? value : json_string("(not UTF-8)");
}

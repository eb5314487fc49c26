#include "attend.h"

#include "berth/clock.h"
#include "berth/log.h"
#include "notify.h"
#include "reload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { DRAIN_STEP_MS = 20 };

/* --- signals --- */

void serve_signals_hold(void) {
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &hangup, NULL);
}

/* Whether the process has a terminal. What else can go wrong says nothing about that. */
static bool has_terminal(void) {
    int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0)
        (void)close(fd);
    return fd >= 0 || (errno != ENXIO && errno != EIO);
}

void serve_signals_take(struct serve_signals *ret) {
    struct sigaction hangup;
    sigemptyset(&ret->stops);
    sigaddset(&ret->stops, SIGTERM);
    sigaddset(&ret->stops, SIGINT);
    ret->all = ret->stops;
    sigaddset(&ret->all, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ret->all, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    ret->ends_with_terminal =
        has_terminal() && sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_DFL;
}

/* One of the set, or 0 when the time is over; `wait_ms` < 0 is for ever. */
static int next_signal(const sigset_t *set, int64_t wait_ms) {
    const struct timespec wait = {.tv_sec = wait_ms / 1000,
                                  .tv_nsec = wait_ms % 1000 * INT64_C(1000000)};
    int number = wait_ms < 0 ? sigwaitinfo(set, NULL) : sigtimedwait(set, NULL, &wait);
    return number > 0 ? number : 0;
}

/* --- the watchdog --- */

static void reassure(const struct server *server, int64_t within_ms) {
    const char *address = berth_listener_address(server->public_listener);
    bool secure = berth_listener_secure(server->public_listener);
    if (serve_answers(address, secure, (int)within_ms))
        (void)serve_notify("WATCHDOG=1");
    else
        berth_log_event("error", "watchdog-no-answer", json_pack("{ss}", "address", address));
}

void serve_attend(struct server *server, const struct serve_signals *signals) {
    int64_t every_ms = serve_watchdog_ms();
    int64_t next_ms = berth_monotonic_ms() + every_ms;
    for (;;) {
        int64_t left_ms = next_ms - berth_monotonic_ms();
        int number = 0;
        if (!every_ms || left_ms > 0)
            number = next_signal(&signals->all, every_ms ? left_ms : -1);
        if (number == SIGHUP && !(signals->ends_with_terminal && !has_terminal()))
            serve_reload(server);
        else if (number)
            return;
        if (every_ms && berth_monotonic_ms() >= next_ms) {
            reassure(server, every_ms);
            next_ms = berth_monotonic_ms() + every_ms;
        }
    }
}

/* --- the end --- */

static int in_flight(const struct server *server) {
    return berth_listener_busy(server->public_listener) +
           berth_listener_busy(server->admin_listener);
}

void serve_drain(struct server *server, const struct serve_signals *signals) {
    atomic_store(&server->site.ready, false);
    berth_log_event("info", "draining", json_pack("{si}", "inFlight", in_flight(server)));
    berth_listener_drain(server->public_listener);
    berth_listener_drain(server->admin_listener);
    berth_events_drain(berth_desk_events(server->desk));
    int64_t until = berth_monotonic_ms() + server->options.drain_ms;
    while (in_flight(server) > 0 && berth_monotonic_ms() < until)
        if (next_signal(&signals->stops, DRAIN_STEP_MS))
            break;
    int cut = in_flight(server);
    berth_log_event(cut ? "warn" : "info", "drained", json_pack("{si}", "cut", cut));
}

#include "piece.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Of a machine with more, some share. A page that is never touched takes no memory. */
enum { CORES = 64, LINE_BYTES = 64 };

struct piece {
    _Alignas(LINE_BYTES) atomic_bool taken;
    _Alignas(LINE_BYTES) char bytes[BERTH_PIECE_BYTES];
};

static struct piece pieces[CORES];

char *berth_piece_take(void) {
    int core = sched_getcpu();
    struct piece *piece = &pieces[(core < 0 ? 0 : core) % CORES];
    if (atomic_load_explicit(&piece->taken, memory_order_relaxed) ||
        atomic_exchange_explicit(&piece->taken, true, memory_order_acquire))
        return NULL;
    return piece->bytes;
}

void berth_piece_give(char *piece) {
    if (!piece)
        return;
    struct piece *owner = (struct piece *)(piece - offsetof(struct piece, bytes));
    atomic_store_explicit(&owner->taken, false, memory_order_release);
}

/* The cores' buffers: one taker at a time, and none that waits. */
#include "http/piece.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 4, ROUNDS = 20000, BYTES = 512 };

static atomic_int torn;
static atomic_int refused;
static atomic_int taken;

/* Fills a buffer with its own mark; were it another's too, marks would mix. */
static void *use(void *mark) {
    for (int round = 0; round < ROUNDS; round++) {
        char *piece = berth_piece_take();
        if (!piece) {
            atomic_fetch_add(&refused, 1);
            continue;
        }
        atomic_fetch_add(&taken, 1);
        memset(piece, (int)(intptr_t)mark, BYTES);
        if (round % 64 == 0)
            sched_yield(); /* with it taken */
        for (int i = 0; i < BYTES; i++)
            if (piece[i] != (char)(intptr_t)mark)
                atomic_fetch_add(&torn, 1);
        berth_piece_give(piece);
    }
    return NULL;
}

static void a_buffer_has_one_taker_at_a_time(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&torn), 0);
    assert_int_equal(atomic_load(&taken) + atomic_load(&refused), THREADS * ROUNDS);
    assert_true(atomic_load(&taken) > 0);
}

static void what_is_taken_is_refused_until_it_is_given_back(void **state) {
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one); /* stay on a core, so that it is the same buffer */
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    char *piece = berth_piece_take();
    assert_non_null(piece);
    piece[BERTH_PIECE_BYTES - 1] = 1;
    assert_null(berth_piece_take());
    berth_piece_give(piece);
    assert_ptr_equal(berth_piece_take(), piece);
    berth_piece_give(piece);
    berth_piece_give(NULL);
    (void)sched_setaffinity(0, sizeof before, &before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_has_one_taker_at_a_time),
        cmocka_unit_test(what_is_taken_is_refused_until_it_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

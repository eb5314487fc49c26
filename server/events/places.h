/* How many streams are open at each place. A place is there for as long as a stream is at it, so
 * there are never more of them than streams.
 *
 * Thread rules: all under the one lock that guards the places.
 */
#ifndef BERTH_EVENTS_PLACES_H
#define BERTH_EVENTS_PLACES_H

struct place {
    struct place *next;
    int streams;
    char name[];
};

struct places {
    struct place *first;
};

/* One more stream at the place of that name, which is copied. NULL when out of memory. */
struct place *places_enter(struct places *places, const char *name);
/* One stream less; NULL is fine. */
void places_leave(struct places *places, struct place *place);

#endif

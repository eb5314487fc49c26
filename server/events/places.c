#include "places.h"

#include <stdlib.h>
#include <string.h>

static struct place *find(const struct places *places, const char *name) {
    struct place *place = places->first;
    while (place && strcmp(place->name, name) != 0)
        place = place->next;
    return place;
}

static struct place *add(struct places *places, const char *name) {
    size_t size = strlen(name) + 1;
    struct place *place = malloc(sizeof *place + size);
    if (!place)
        return NULL;
    *place = (struct place){.next = places->first};
    memcpy(place->name, name, size);
    places->first = place;
    return place;
}

struct place *places_enter(struct places *places, const char *name) {
    struct place *place = find(places, name);
    if (!place)
        place = add(places, name);
    if (place)
        place->streams++;
    return place;
}

void places_leave(struct places *places, struct place *place) {
    if (!place || --place->streams > 0)
        return;
    struct place **link = &places->first;
    while (*link != place)
        link = &(*link)->next;
    *link = place->next;
    free(place);
}

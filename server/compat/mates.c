/* Which modules may meet in a page. A page has the modules of its slots, what those take from
 * others, and so on; and a page that is made elsewhere has at least those that take from this one.
 */
#include "compat.h"

#include "berth/json.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_EDGES = 1 << 20, MAX_DEPTH = 64 /* of who takes from whom */ };

/* `from` takes something of `to`, by place. */
struct edge {
    size_t from, to;
};

struct graph {
    struct edge *edges;
    size_t count, capacity;
    bool failed;
};

static void add_edge(struct graph *graph, size_t from, size_t to) {
    if (graph->count == MAX_EDGES)
        return;
    if (graph->count == graph->capacity) {
        size_t capacity = graph->capacity ? 2 * graph->capacity : 64;
        struct edge *grown = realloc(graph->edges, capacity * sizeof *grown);
        graph->failed = graph->failed || !grown;
        if (!grown)
            return;
        graph->edges = grown;
        graph->capacity = capacity;
    }
    graph->edges[graph->count++] = (struct edge){from, to};
}

static void add_edges(struct compat *compat, size_t place, const json_t *description,
                      struct graph *graph) {
    size_t index = 0;
    const json_t *remote = NULL;
    json_array_foreach(json_object_get(description, "remotes"), index, remote) {
        const char *target = NULL;
        size_t to = compat_target(compat, remote, &target) == COMPAT_NOBODY
                        ? compat->world->module_count
                        : compat_place(compat, target);
        if (to < compat->world->module_count && to != place)
            add_edge(graph, place, to);
    }
}

/* Adds who takes from the marked, or from whom they take, until there are no more. */
static void close_over(const struct graph *graph, bool *marks, bool takers) {
    bool more = true;
    for (int left = MAX_DEPTH; more && left > 0; left--) {
        more = false;
        for (size_t i = 0; i < graph->count; i++) {
            size_t known = takers ? graph->edges[i].to : graph->edges[i].from;
            size_t next = takers ? graph->edges[i].from : graph->edges[i].to;
            more = more || (marks[known] && !marks[next]);
            marks[next] = marks[next] || marks[known];
        }
    }
}

static bool is_marked(const struct compat *compat, const bool *marks, const char *module) {
    size_t place = compat_place(compat, module);
    return place < compat->world->module_count && marks[place];
}

static void mark(const struct compat *compat, bool *marks, const char *module) {
    size_t place = compat_place(compat, module);
    if (place < compat->world->module_count)
        marks[place] = true;
}

/* The modules of a page on which one of `takers` is. */
static void mark_page(const struct compat *compat, const struct berth_page *page,
                      const bool *takers, bool *marks) {
    bool here = page->document_module && is_marked(compat, takers, page->document_module);
    for (size_t i = 0; i < page->slot_count && !here; i++)
        here = is_marked(compat, takers, page->slots[i].module);
    for (size_t i = 0; i < page->slot_count && here; i++)
        mark(compat, marks, page->slots[i].module);
}

static void find_mates(struct compat *compat, const struct graph *graph, bool *takers,
                       bool *marks) {
    size_t own = compat_place(compat, compat->module);
    size_t count = compat->world->module_count;
    if (own == count)
        return;
    takers[own] = true;
    close_over(graph, takers, true);
    memcpy(marks, takers, count * sizeof *marks);
    for (size_t i = 0; i < compat->world->page_count; i++)
        mark_page(compat, compat->world->pages[i].page, takers, marks);
    close_over(graph, marks, false);
    marks[own] = false;
    for (size_t i = 0; i < count; i++)
        marks[i] = marks[i] && compat->world->modules[i].version;
}

bool *compat_mates(struct compat *compat) {
    size_t count = compat->world->module_count;
    struct graph graph = {0};
    bool *takers = calloc(count + 1, sizeof *takers);
    bool *marks = calloc(count + 1, sizeof *marks);
    size_t own = compat_place(compat, compat->module);
    for (size_t i = 0; i < count; i++) {
        const struct berth_compat_module *module = &compat->world->modules[i];
        add_edges(compat, i, i == own ? compat->next->description : module->description, &graph);
    }
    if (takers && marks && !graph.failed) {
        find_mates(compat, &graph, takers, marks);
    } else {
        free(marks);
        marks = NULL;
    }
    free(takers);
    free(graph.edges);
    return marks;
}

#include "page_rules.h"

#include "berth/json.h"

#include <stdio.h>
#include <string.h>

enum { POINTER_BYTES = 96, TRACKS_MAX_BYTES = 200, AREAS_MAX = 64, SOURCES_MAX = 32 };

/* Where a slot's cells are in the areas. */
struct box {
    size_t top, bottom, left, right;
    size_t cells;
};

/* An open bracket would swallow the declarations that follow. */
static bool brackets_match(const char *text) {
    int open = 0;
    for (; *text && open >= 0; text++)
        open += (*text == '(') - (*text == ')');
    return open == 0;
}

/* Track lists such as "minmax(0, 1fr) 20rem": nothing that could end the declaration. */
static bool tracks_are_clean(const char *text) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789 .,%()-";
    size_t length = strlen(text);
    return length > 0 && length <= TRACKS_MAX_BYTES && strspn(text, allowed) == length &&
           brackets_match(text);
}

static enum berth_code check_tracks(const json_t *layout, const char *key,
                                    struct berth_error *error) {
    const json_t *value = json_object_get(layout, key);
    if (!value || (json_is_string(value) && tracks_are_clean(json_string_value(value))))
        return BERTH_OK;
    char pointer[POINTER_BYTES];
    (void)snprintf(pointer, sizeof pointer, "/layout/%s", key);
    return berth_page_refuse(error, "page-layout", pointer,
                             "CSS sizes in lower case, such as \"20rem 1fr\"");
}

static struct box *find_box(const struct berth_page *page, struct box *boxes, const char *name,
                            size_t length) {
    for (size_t i = 0; i < page->slot_count; i++)
        if (strlen(page->slots[i].name) == length &&
            strncmp(page->slots[i].name, name, length) == 0)
            return &boxes[i];
    return NULL;
}

static void add_cell(struct box *box, size_t row, size_t column) {
    if (!box->cells++)
        *box = (struct box){row, row, column, column, 1};
    box->bottom = row;
    if (column < box->left)
        box->left = column;
    if (column > box->right)
        box->right = column;
}

/* The number of cells in a row, 0 when a cell is no slot. */
static size_t read_row(const struct berth_page *page, struct box *boxes, const char *text,
                       size_t row) {
    size_t cells = 0;
    while (*text) {
        size_t length = strcspn(text, " ");
        bool empty = length == 1 && *text == '.';
        struct box *box = length && !empty ? find_box(page, boxes, text, length) : NULL;
        if (length && !empty && !box)
            return 0;
        if (box)
            add_cell(box, row, cells);
        cells += length > 0;
        text += length + (text[length] == ' ');
    }
    return cells;
}

/* CSS drops the whole grid when one area is no rectangle, and puts a slot without one anywhere. */
static enum berth_code check_boxes(const struct berth_page *page, const struct box *boxes,
                                   struct berth_error *error) {
    for (size_t i = 0; i < page->slot_count; i++) {
        const struct box *box = &boxes[i];
        size_t area = (box->bottom - box->top + 1) * (box->right - box->left + 1);
        if (!box->cells)
            return berth_page_refuse(error, "page-layout", "/layout/areas",
                                     "every slot of the page has a place in the areas");
        if (box->cells != area)
            return berth_page_refuse(error, "page-layout", "/layout/areas",
                                     "the cells of a slot make one rectangle");
    }
    return BERTH_OK;
}

static enum berth_code check_areas(const struct berth_page *page, struct berth_error *error) {
    const json_t *areas = json_object_get(page->layout, "areas");
    if (!areas)
        return BERTH_OK;
    struct box boxes[BERTH_PAGE_MAX_SLOTS] = {0};
    size_t rows = json_array_size(areas), width = 0;
    if (rows == 0 || rows > AREAS_MAX)
        return berth_page_refuse(error, "page-layout", "/layout/areas",
                                 "an array of 1 to 64 rows, each a string of slot names");
    for (size_t i = 0; i < rows; i++) {
        char pointer[POINTER_BYTES];
        (void)snprintf(pointer, sizeof pointer, "/layout/areas/%zu", i);
        const char *row = json_string_value(json_array_get(areas, i));
        size_t cells = row ? read_row(page, boxes, row, i) : 0;
        if (cells == 0)
            return berth_page_refuse(error, "page-layout", pointer,
                                     "a row names slots of this page, or \".\" for an empty cell");
        if (width && cells != width)
            return berth_page_refuse(error, "page-layout", pointer,
                                     "every row has the same number of cells");
        width = cells;
    }
    return check_boxes(page, boxes, error);
}

enum berth_code berth_page_check_layout(const struct berth_page *page, struct berth_error *error) {
    static const char *const known[] = {"columns", "rows", "gap", "areas", NULL};
    if (!page->layout)
        return BERTH_OK;
    if (!json_is_object(page->layout))
        return berth_page_refuse(error, "page-layout", "/layout", "an object is needed here");
    enum berth_code code = berth_page_check_keys(page->layout, known, "/layout", error);
    if (code == BERTH_OK)
        code = check_tracks(page->layout, "columns", error);
    if (code == BERTH_OK)
        code = check_tracks(page->layout, "rows", error);
    if (code == BERTH_OK)
        code = check_tracks(page->layout, "gap", error);
    return code == BERTH_OK ? check_areas(page, error) : code;
}

// "https://api.example.org", "https://*.example.org:8443", "data:", "blob:".
static bool source_is_clean(const char *text) {
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:*";
    if (strcmp(text, "data:") == 0 || strcmp(text, "blob:") == 0)
        return true;
    static const char *const schemes[] = {"https://", "http://", "wss://", "ws://", NULL};
    for (const char *const *scheme = schemes; *scheme; scheme++) {
        size_t length = strlen(*scheme);
        if (strncmp(text, *scheme, length) == 0 && text[length] && strlen(text) <= 200)
            return text[length + strspn(text + length, host)] == '\0';
    }
    return false;
}

static enum berth_code check_sources(const char *directive, const json_t *sources,
                                     struct berth_error *error) {
    char pointer[POINTER_BYTES];
    size_t count = json_array_size(sources);
    (void)snprintf(pointer, sizeof pointer, "/csp/%s", directive);
    if (!json_is_array(sources) || count > SOURCES_MAX)
        return berth_page_refuse(error, "page-csp", pointer, "an array of at most 32 sources");
    for (size_t i = 0; i < count; i++) {
        const char *source = json_string_value(json_array_get(sources, i));
        if (!source || !source_is_clean(source))
            return berth_page_refuse(error, "page-csp", pointer,
                                     "a source is an origin such as https://api.example.org, "
                                     "data: or blob:");
    }
    return BERTH_OK;
}

enum berth_code berth_page_check_csp(const struct berth_page *page, struct berth_error *error) {
    /* Scripts are not in the list: they come by nonce and strict-dynamic alone. */
    static const char *const known[] = {"connect-src", "img-src",   "style-src", "font-src",
                                        "media-src",   "frame-src", NULL};
    if (!page->csp)
        return BERTH_OK;
    if (!json_is_object(page->csp))
        return berth_page_refuse(error, "page-csp", "/csp", "an object is needed here");
    enum berth_code code = berth_page_check_keys(page->csp, known, "/csp", error);
    for (const char *const *name = known; *name && code == BERTH_OK; name++) {
        const json_t *sources = json_object_get(page->csp, *name);
        if (sources)
            code = check_sources(*name, sources, error);
    }
    return code;
}

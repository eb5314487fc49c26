/* Page manifests of any text. What is taken is whole, and is taken again when it is written out. */
#include "berth/json.h"
#include "berth/manifest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds) {
    if (!holds)
        abort();
}

static void check_slots(const struct berth_page *page) {
    must(page->slot_count <= BERTH_PAGE_MAX_SLOTS);
    for (size_t i = 0; i < page->slot_count; i++) {
        const struct berth_slot *slot = &page->slots[i];
        must(slot->name && slot->module && slot->expose && slot->fallback);
        must(strlen(slot->fallback) <= BERTH_FALLBACK_MAX_BYTES);
        must(!slot->props || json_is_object(slot->props));
        for (size_t other = 0; other < i; other++)
            must(strcmp(slot->name, page->slots[other].name) != 0);
    }
}

static void check_page(const struct berth_page *page) {
    must(page->path && page->path[0] == '/');
    must(!page->document_module == !page->document_file);
    must(!page->csp || json_is_object(page->csp));
    check_slots(page);
}

static void parse_again(const struct berth_page *page) {
    char *text = berth_json_text(page->root);
    json_t *root = NULL;
    struct berth_page again;
    must(text && berth_json_parse(text, strlen(text), SIZE_MAX, &root, NULL) == BERTH_OK);
    must(berth_page_parse(root, &again, NULL) == BERTH_OK);
    must(again.slot_count == page->slot_count && strcmp(again.path, page->path) == 0);
    berth_page_done(&again);
    json_decref(root);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *root = NULL;
    struct berth_page page;
    struct berth_error error = {0};
    if (berth_json_parse((const char *)data, size, BERTH_PAGE_MAX_BYTES, &root, NULL) != BERTH_OK)
        return 0;
    enum berth_code code = berth_page_parse(root, &page, &error);
    must(code == error.code &&
         (code == BERTH_OK || code == BERTH_REFUSED || code == BERTH_INVALID));
    if (code == BERTH_OK) {
        check_page(&page);
        parse_again(&page);
        berth_page_done(&page);
    }
    json_decref(root);
    return 0;
}

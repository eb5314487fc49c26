#include "tree.h"
#include "path.h"

#include <stdlib.h>
#include <string.h>

void berth_tree_init(struct berth_tree *tree) {
    *tree = (struct berth_tree){0};
}

static void node_done(struct berth_tree_node *node) {
    free(node->asset.path);
    free(node->key);
}

void berth_tree_done(struct berth_tree *tree) {
    for (size_t i = 0; i < tree->count; i++)
        node_done(&tree->nodes[i]);
    free(tree->nodes);
    *tree = (struct berth_tree){0};
}

static enum berth_code refuse_memory(struct berth_error *error) {
    return berth_fail(error, BERTH_NO_MEMORY, "memory", "out of memory");
}

static bool reserve(struct berth_tree *tree) {
    if (tree->count < tree->capacity)
        return true;
    size_t capacity = tree->capacity ? tree->capacity * 2 : 64;
    struct berth_tree_node *nodes = realloc(tree->nodes, capacity * sizeof *nodes);
    if (!nodes)
        return false;
    tree->nodes = nodes;
    tree->capacity = capacity;
    return true;
}

static enum berth_code add_node(struct berth_tree *tree, const char *path,
                                struct berth_tree_node node, struct berth_error *error) {
    if (!reserve(tree))
        return refuse_memory(error);
    node.asset.path = strdup(path);
    node.key = berth_path_key(path);
    if (!node.asset.path || !node.key) {
        node_done(&node);
        return refuse_memory(error);
    }
    tree->bytes += node.asset.bytes;
    tree->nodes[tree->count++] = node;
    return BERTH_OK;
}

enum berth_code berth_tree_add(struct berth_tree *tree, const char *path,
                               const struct berth_digest *digest, const char *integrity,
                               int64_t bytes, struct berth_error *error) {
    struct berth_tree_node node = {.asset = {.digest = *digest, .bytes = bytes}};
    strncat(node.integrity, integrity, sizeof node.integrity - 1);
    return add_node(tree, path, node, error);
}

enum berth_code berth_tree_add_folder(struct berth_tree *tree, const char *path,
                                      struct berth_error *error) {
    return add_node(tree, path, (struct berth_tree_node){.folder = true}, error);
}

/* Bytewise, but '/' before all else: what lies in a folder comes right after it. */
static int compare_keys(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    unsigned char x = *a == '/' ? 1 : (unsigned char)*a;
    unsigned char y = *b == '/' ? 1 : (unsigned char)*b;
    return (x > y) - (x < y);
}

static int by_key(const void *a, const void *b) {
    return compare_keys(((const struct berth_tree_node *)a)->key,
                        ((const struct berth_tree_node *)b)->key);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct berth_tree_node *)a)->asset.path,
                  ((const struct berth_tree_node *)b)->asset.path);
}

static bool lies_in(const char *key, const char *folder) {
    size_t length = strlen(folder);
    return strncmp(key, folder, length) == 0 && key[length] == '/';
}

static enum berth_code refuse_pair(const struct berth_tree_node *node, const char *rule,
                                   const char *text, struct berth_error *error) {
    berth_fail(error, BERTH_REFUSED, rule, "%s", text);
    berth_path_where(error, node->asset.path, strlen(node->asset.path));
    berth_error_hint(error, "names must differ by more than case and Unicode form");
    return BERTH_REFUSED;
}

static enum berth_code check_pairs(const struct berth_tree *tree, struct berth_error *error) {
    for (size_t i = 1; i < tree->count; i++) {
        const struct berth_tree_node *before = &tree->nodes[i - 1];
        const struct berth_tree_node *node = &tree->nodes[i];
        bool same = strcmp(before->key, node->key) == 0;
        if ((same && before->folder != node->folder) ||
            (!before->folder && lies_in(node->key, before->key)))
            return refuse_pair(node, "path-file-and-folder",
                               "a file and a folder have the same name", error);
        if (same)
            return refuse_pair(node, "path-duplicate", "two members have the same name", error);
    }
    return BERTH_OK;
}

static void drop_folders(struct berth_tree *tree) {
    size_t kept = 0;
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->nodes[i].folder)
            node_done(&tree->nodes[i]);
        else
            tree->nodes[kept++] = tree->nodes[i];
    }
    tree->count = kept;
}

/* Length of "folder/" when all files lie in it, else 0. */
static size_t common_top(const struct berth_tree *tree) {
    const char *slash = tree->count ? strchr(tree->nodes[0].asset.path, '/') : NULL;
    if (!slash)
        return 0;
    size_t length = (size_t)(slash - tree->nodes[0].asset.path) + 1;
    for (size_t i = 1; i < tree->count; i++)
        if (strncmp(tree->nodes[i].asset.path, tree->nodes[0].asset.path, length) != 0)
            return 0;
    return length;
}

enum berth_code berth_tree_finish(struct berth_tree *tree, struct berth_error *error) {
    if (tree->count)
        qsort(tree->nodes, tree->count, sizeof *tree->nodes, by_key);
    enum berth_code code = check_pairs(tree, error);
    if (code)
        return code;
    drop_folders(tree);
    size_t top = common_top(tree);
    for (size_t i = 0; top && i < tree->count; i++) {
        char *path = tree->nodes[i].asset.path;
        memmove(path, path + top, strlen(path + top) + 1);
    }
    if (tree->count)
        qsort(tree->nodes, tree->count, sizeof *tree->nodes, by_path);
    return BERTH_OK;
}

static int path_to_node(const void *path, const void *node) {
    return strcmp(path, ((const struct berth_tree_node *)node)->asset.path);
}

const struct berth_asset *berth_tree_find(const struct berth_tree *tree, const char *path) {
    if (!tree->count)
        return NULL;
    const struct berth_tree_node *node =
        bsearch(path, tree->nodes, tree->count, sizeof *tree->nodes, path_to_node);
    return node ? &node->asset : NULL;
}

enum berth_code berth_tree_digest(const struct berth_tree *tree, struct berth_digest *ret,
                                  struct berth_error *error) {
    struct berth_hasher *hasher = berth_hasher_create(BERTH_SHA256);
    if (!hasher)
        return refuse_memory(error);
    for (size_t i = 0; i < tree->count; i++) {
        const struct berth_asset *asset = &tree->nodes[i].asset;
        char hex[BERTH_HEX_BYTES];
        berth_digest_hex(&asset->digest, hex);
        berth_hasher_add(hasher, asset->path, strlen(asset->path) + 1);
        berth_hasher_add(hasher, hex, strlen(hex));
        berth_hasher_add(hasher, "\n", 1);
    }
    berth_hasher_finish(hasher, ret->bytes);
    berth_hasher_destroy(hasher);
    return BERTH_OK;
}

enum berth_code berth_tree_take(struct berth_tree *tree, struct berth_asset **ret,
                                size_t *ret_count, struct berth_error *error) {
    struct berth_asset *assets = calloc(tree->count ? tree->count : 1, sizeof *assets);
    if (!assets)
        return refuse_memory(error);
    for (size_t i = 0; i < tree->count; i++) {
        assets[i] = tree->nodes[i].asset;
        tree->nodes[i].asset.path = NULL;
    }
    *ret = assets;
    *ret_count = tree->count;
    berth_tree_done(tree);
    return BERTH_OK;
}

/* A path that passes stays as it is when checked again, and cannot leave its folder. */
#include "berth/bundle.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth) {
    if (!truth)
        abort();
}

static void check_good(char *path) {
    char *again = strdup(path);
    require(again != NULL);
    require(berth_path_check(again, strlen(again), NULL) == BERTH_OK);
    require(strcmp(again, path) == 0);
    free(again);
    require(path[0] && path[0] != '/' && !strchr(path, '\\') && !strstr(path, "//"));
    require(strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 && !strstr(path, "/../"));
    size_t length = strlen(path);
    require(length <= 512 && path[length - 1] != '/');
    require(length < 3 || strcmp(path + length - 3, "/..") != 0);
    for (size_t i = 0; i < length; i++)
        require((unsigned char)path[i] >= 0x20 && path[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *path = malloc(size + 1);
    require(path != NULL);
    memcpy(path, data, size);
    path[size] = '\0';
    struct berth_error error = {0};
    if (berth_path_check(path, size, &error) == BERTH_OK)
        check_good(path);
    else
        require(error.rule[0] != '\0');
    free(path);
    return 0;
}

/* Runs a harness on the files that are named, where libFuzzer is not there to do it. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        (void)fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    long length = ftell(file);
    rewind(file);
    /* Exactly as long, for the sanitizer. */
    uint8_t *data = malloc(length > 0 ? (size_t)length : 1);
    size_t got = data ? fread(data, 1, (size_t)length, file) : 0;
    (void)fclose(file);
    if (data && got == (size_t)length)
        LLVMFuzzerTestOneInput(data, got);
    free(data);
    return got == (size_t)length ? 0 : 1;
}

int main(int argc, char **argv) {
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    return failed;
}

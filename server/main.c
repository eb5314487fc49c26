#include "berth/bundle.h"
#include "berth/cli.h"
#include "berth/serve.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Were one of the three closed, the first file that is opened would get its number, and what is
 * printed would go into it. */
static int have_standard_descriptors(void) {
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    return fd > 2 && close(fd) == 0;
}

int main(int argc, char **argv) {
    if (!have_standard_descriptors())
        return 1;
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return berth_serve_main(argc - 1, argv + 1);
    if (argc == 3 && strcmp(argv[1], "help") == 0 && strcmp(argv[2], "serve") == 0) {
        berth_serve_usage();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "__read-archives") == 0)
        return berth_bundle_reader_main();
    return berth_cli_main(argc, argv);
}

#include "berth/bundle.h"
#include "berth/cli.h"
#include "berth/serve.h"

#include <string.h>

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "serve") == 0)
        return berth_serve_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "__read-archive") == 0)
        return berth_bundle_reader_main(argc - 1, argv + 1);
    return berth_cli_main(argc, argv);
}

/* Where the console is, so that it may show pages in a frame. */
#include "options.h"

#include <stdio.h>
#include <string.h>

void serve_console_origins(const struct berth_serve_options *options, char *ret, size_t size) {
    const char *address = options->admin_listen;
    const char *port = strrchr(address, ':');
    const char *scheme = *options->admin_tls_certificate ? "https" : "http";
    int length = 0;
    if (*options->console_url)
        length = snprintf(ret, size, "%s", options->console_url);
    else if (port && strcmp(port, ":0") != 0 && strncmp(address, "127.", 4) == 0)
        length = snprintf(ret, size, "%s://%s %s://localhost%s", scheme, address, scheme, port);
    else if (port && strcmp(port, ":0") != 0 && strncmp(address, "0.0.0.0:", 8) != 0)
        length = snprintf(ret, size, "%s://%s", scheme, address);
    if (length <= 0 || (size_t)length >= size)
        *ret = '\0';
}

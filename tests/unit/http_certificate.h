/* Certificates for tests: made on the spot, signed by themselves, with EC keys. */
#ifndef BERTH_TEST_HTTP_CERTIFICATE_H
#define BERTH_TEST_HTTP_CERTIFICATE_H

enum { CERTIFICATE_PATH_BYTES = 64 };

struct certificate {
    char certificate[CERTIFICATE_PATH_BYTES]; /* paths of PEM files */
    char key[CERTIFICATE_PATH_BYTES];
};

/* Holds from `from_s` to `until_s`, seconds from now. `name` is its common name, and that of its
 * files, which are gone when the process ends. */
void certificate_make(const char *name, long from_s, long until_s, struct certificate *ret);
/* A path for another file there, which goes away too. */
void certificate_path(const char *name, char ret[CERTIFICATE_PATH_BYTES]);

#endif

/* Profiles: named servers with their tokens, in $XDG_CONFIG_HOME/berth/config (else
 * ~/.config/berth/config). A section is a profile; what stands before the first is "default".
 *
 *   server = https://berth.example.org:8081
 *   token-file = token          a path from the folder of the settings on; or: token = berth_...
 *   ca-file = ca.pem            likewise; for https with a CA of your own
 *   [staging]
 *   server = ...
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_PROFILE_H
#define BERTH_CLI_PROFILE_H

#include "output.h"

#include "berth/error.h"

enum { CLI_TOKEN_MAX_BYTES = 4096 };

struct cli_profile {
    const char *server; /* NULL: not said */
    const char *token;
    const char *token_file;
    const char *ca_file;
    char *text; /* what the strings live in */
    char *token_path;
    char *ca_path;
};

/* `name`, else BERTH_PROFILE, else "default". No file, or no default in it, is an empty profile;
 * BERTH_INVALID when one that was named is not there, or of the file's contents. Warns of a token
 * that others can read. Done takes a profile that failed too. */
enum berth_code cli_profile_read(const struct cli_style *style, const char *name,
                                 struct cli_profile *ret, struct berth_error *error);
void cli_profile_done(struct cli_profile *profile);

/* Are its token and its CA meant for `server` (NULL: whichever is the profile's)? A token goes
 * nowhere else, and no other server is judged by that CA. */
bool cli_profile_is_for(const struct cli_profile *profile, const char *server);

/* The first line of the file, without its end. */
enum berth_code cli_token_file_read(const char *path, char ret[CLI_TOKEN_MAX_BYTES],
                                    struct berth_error *error);

#endif

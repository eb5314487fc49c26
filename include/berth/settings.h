/* Settings files: "name = value", one a line. A line that begins with "#" is a comment; "[section]"
 * begins a section; empty lines count for nothing, nor does white space around names and values.
 *
 * Thread rules: pure but for the file that is read.
 */
#ifndef BERTH_SETTINGS_H
#define BERTH_SETTINGS_H

#include "berth/error.h"

enum { BERTH_SETTINGS_MAX_BYTES = 64 * 1024, BERTH_SETTINGS_MAX = 256 };

struct berth_setting {
    const char *section; /* "" before the first */
    const char *name;
    const char *value; /* may be empty */
    int line;          /* from 1 */
};

typedef enum berth_code (*berth_setting_taker)(void *context, const struct berth_setting *setting,
                                               struct berth_error *error);

/* Hands over each setting in turn; a name stands once in a section. The strings live in *ret_text:
 * free() it after them, also on failure (it may be NULL). BERTH_INVALID ("settings", or what the
 * taker says) with FILE:LINE in `where`; BERTH_NOT_FOUND ("settings") when there is no such file.
 */
enum berth_code berth_settings_read(const char *path, berth_setting_taker take, void *context,
                                    char **ret_text, struct berth_error *error);

#endif

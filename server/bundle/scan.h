/* What a bundler's entry file says of itself: names that the shell needs, found by their shape in
 * the text of webpack 5, rspack 1 and 2, and @module-federation/enhanced outputs, in development
 * and in minified production form. Nothing is run.
 *
 * Best effort: what is not found is left out, and a warning says so where the shell works worse
 * without it. Linear in the text's length; bounded in what it collects.
 *
 * Thread rules: pure functions of the text.
 */
#ifndef BUNDLE_SCAN_H
#define BUNDLE_SCAN_H

#include "berth/error.h"
#include "js.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { BERTH_SCAN_TEXT_BYTES = 32 * 1024 * 1024, BERTH_SCAN_NAME_BYTES = 512 };

/* On success *ret is a new object:
 *   type         "script" | "module"
 *   system       true for a System.register call; else absent
 *   exports      [names] of a module; absent for a script
 *   open         true when it exports what another module does, too; else absent
 *   container    the global it declares; absent when none was found
 *   chunkGlobals [names]
 *   exposes      [{"name": "./Header", "js": [candidate paths], "css": [candidate paths]}]
 *                (paths relative to the entry's folder; some may not exist)
 *   shared       [{"name", "version"?, "requiredVersion"?, "singleton"?, "strictVersion"?: true,
 *                "js", "css"}], the files of the bundle's own copy, as of an expose
 *   warnings     [{"rule", "text"}] */
enum berth_code berth_scan(const char *text, size_t length, json_t **ret,
                           struct berth_error *error);

/* The parts, each looking for its own patterns in a token list; all add to arrays of the caller. */

bool berth_scan_is_module(const struct berth_js *js);
bool berth_scan_is_system(const struct berth_js *js);
/* True when there is an `export * from`, so that there may be more names. */
bool berth_scan_exports(const struct berth_js *js, json_t *names);
/* Adds the specifiers of what a module imports, as they stand there. */
void berth_scan_imports(const struct berth_js *js, json_t *specifiers);
/* Free it; NULL when none was found. */
char *berth_scan_container(const struct berth_js *js);
void berth_scan_chunk_globals(const struct berth_js *js, json_t *names);
/* Adds {"name", "chunks": [ids]}. */
void berth_scan_exposes(const struct berth_js *js, json_t *exposes);
/* Adds "chunks" to those whose own copy is in chunks. */
void berth_scan_shared(const struct berth_js *js, json_t *shared);
/* The ids of the chunks that are loaded between two tokens, by calls such as n.e("id"). */
json_t *berth_scan_chunk_ids(const struct berth_js *js, size_t from, size_t to);
/* Turns each "chunks" into "js" and "css" by the entry's own file name templates. */
void berth_scan_chunk_files(const struct berth_js *js, json_t *exposes, json_t *shared);

/* What the build takes from others. Adds to the arrays of `found`, which has them all:
 *   externals  [{"id", "url", "container"?}]: a module that loads a remote's entry
 *   infos      [{"alias"?, "container"?, "url"?}]: remotes as a runtime is told of them
 *   uses       [{"external"?: id, "remote"?: alias or container, "expose"}]
 *   calls      [{"remote", "expose"}]: what a function with any name is called with */
void berth_scan_remotes(const struct berth_js *js, json_t *found);

/* Literals (scan_object.c). */

/* The { around the token at `index`, if it is near; else 0. */
size_t berth_scan_object_around(const struct berth_js *js, size_t index);
/* `key:`, with or without quotes. */
bool berth_scan_is_key(const struct berth_js *js, size_t index, const char *key);
/* The first token of the value of `key` in the object at `open`, or 0. */
size_t berth_scan_member(const struct berth_js *js, size_t open, const char *key);
/* The value of a string; free it. NULL for other tokens. */
char *berth_scan_string(const struct berth_js *js, size_t index);
/* true, false, !0, !1, 0, 1: 1, 0, or -1 for something else. */
int berth_scan_boolean(const struct berth_js *js, size_t index, size_t *ret_after);

/* Calls `visit` for every token that is in no bracket. */
typedef void (*berth_scan_visit_fn)(const struct berth_js *js, size_t index, void *context);
void berth_scan_walk_top(const struct berth_js *js, berth_scan_visit_fn visit, void *context);

/* Is the token at `index` one of self, window, globalThis, this, global? */
bool berth_scan_is_global(const struct berth_js *js, size_t index);

#endif

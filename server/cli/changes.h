/* What is other in one version than in another: files, exposes and shared packages, as one JSON
 * value that berth diff and berth push print:
 *
 *   {module, from, to, files: {added, removed, changed, same}, exposes: {added, removed, changed},
 *    shared: {…}}
 *
 * with from and to as {version, files, bytes, encodedBytes, compression}, and each file as {path,
 * bytesBefore, sentBefore, bytes, sent}: bytes as they are, and as they are sent (brotli), which is
 * left out as long as the server has not compressed the file.
 *
 * Thread rules: one thread.
 */
#ifndef BERTH_CLI_CHANGES_H
#define BERTH_CLI_CHANGES_H

#include "command.h"

/* Of two versions as the API tells them; a new reference, NULL when out of memory. */
json_t *cli_changes_of(const char *module, const json_t *from, const json_t *to);

/* All of it, a line for each file. */
enum berth_exit cli_changes_show(const struct cli *cli, const json_t *changes);

/* In a few lines, below a line that says what is compared. */
void cli_changes_sum_up(const json_t *changes);

/* --- push_changes.c --- */

/* What a push changes, since what was live before. `answer` is the server's to the push; with
 * --json the changes become its member "changes" (null: nothing was live). A comparison that fails
 * is told, and is no failure. */
void cli_push_changes(struct cli *cli, const char *module, json_t *answer);

#endif

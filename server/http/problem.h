/* The one table from meanings to HTTP.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_HTTP_PROBLEM_H
#define BERTH_HTTP_PROBLEM_H

#include "berth/error.h"
#include <stdbool.h>

struct berth_problem {
    const char *slug; /* the rule of an error that names none */
    int status;
    const char *title;
};

/* By the rule where HTTP knows more than the code says (405, 411, 431, …), else by the code. */
const struct berth_problem *berth_problem_find(const struct berth_error *error);

/* Of those that tell to come back (503, 429): the rule is of a rate, not of a place, so it is not
 * the connection that others wait for. */
bool berth_problem_is_of_rate(const char *rule);

/* "Not Found" for 404; never NULL. */
const char *berth_problem_reason(int status);

#endif

/* The one table from meanings to HTTP.
 *
 * Thread rules: pure functions.
 */
#ifndef BERTH_HTTP_PROBLEM_H
#define BERTH_HTTP_PROBLEM_H

#include "berth/error.h"

struct berth_problem {
    const char *slug; /* the rule of an error that names none */
    int status;
    const char *title;
};

/* By the rule where HTTP knows more than the code says (405, 411, 431, …), else by the code. */
const struct berth_problem *berth_problem_find(const struct berth_error *error);

/* "Not Found" for 404; never NULL. */
const char *berth_problem_reason(int status);

#endif

/* What browsers tell of violations of a page's policy, in both their spellings.
 *
 * Thread rules: pure functions of the value.
 */
#ifndef BERTH_SITE_CSP_H
#define BERTH_SITE_CSP_H

#include <jansson.h>

enum { CSP_VIOLATIONS_MAX = 20 };

/* The violations in a body of application/csp-report ({"csp-report": {…}}, CSP 2) or of
 * application/reports+json ([{"type": "csp-violation", "body": {…}}], the Reporting API), at most
 * CSP_VIOLATIONS_MAX: a new array of objects with what a log line needs, empty when there are none.
 * URLs are without query and fragment, which could hold a secret. NULL when out of memory. */
json_t *site_csp_violations(const json_t *report);

#endif

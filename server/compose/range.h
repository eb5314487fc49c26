/* Version ranges as package.json has them: https://github.com/npm/node-semver#ranges
 *
 * Thread rules: pure.
 */
#ifndef BERTH_COMPOSE_RANGE_H
#define BERTH_COMPOSE_RANGE_H

enum berth_satisfaction { BERTH_UNSATISFIED, BERTH_SATISFIED, BERTH_RANGE_UNKNOWN };

/* BERTH_RANGE_UNKNOWN: the range, or the version, is not written as the rules have it. */
enum berth_satisfaction berth_range_satisfied(const char *range, const char *version);

#endif

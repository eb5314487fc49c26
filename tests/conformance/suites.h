/* The suite's parts, each in the file of its name. */
#ifndef BERTH_TESTS_SUITES_H
#define BERTH_TESTS_SUITES_H

int run_versions(void);
int run_lookups(void);
int run_variants(void);
int run_activations(void);
int run_pages(void);
int run_externals(void);
int run_tokens(void);
int run_deletions(void);
int run_audit(void);
int run_keep(void);
int run_races(void);

#endif

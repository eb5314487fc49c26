#include "registry_fixture.h"
#include "suites.h"

static const struct backend BACKENDS[] = {
    {"sqlite", berth_registry_sqlite_open},
};

int main(void) {
    int failures = 0;
    for (size_t i = 0; i < sizeof BACKENDS / sizeof BACKENDS[0]; i++) {
        fixture_backend = &BACKENDS[i];
        print_message("backend: %s\n", fixture_backend->name);
        failures += run_versions();
        failures += run_lookups();
        failures += run_variants();
        failures += run_activations();
        failures += run_pages();
        failures += run_externals();
        failures += run_tokens();
        failures += run_deletions();
        failures += run_audit();
        failures += run_keep();
        failures += run_races();
    }
    return failures;
}

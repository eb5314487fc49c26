# The suite runs against every backend of the table in conformance/registry.c.
berth_unit(registry LABEL conformance
    SOURCES conformance/registry.c conformance/registry_fixture.c conformance/versions.c
        conformance/lookups.c conformance/variants.c conformance/activations.c
        conformance/pages.c conformance/externals.c conformance/tokens.c conformance/deletions.c conformance/audit.c conformance/keep.c
        conformance/races.c conformance/temp_directory.c
    LINKS berth_registry)

# What only the SQLite backend promises: its file.
berth_unit(registry_sqlite
    SOURCES conformance/registry_sqlite.c conformance/registry_fixture.c
        conformance/temp_directory.c
    LINKS berth_registry)

# Files of older schemas, and how they become ours.
berth_unit(registry_schema
    SOURCES conformance/registry_schema.c conformance/registry_fixture.c
        conformance/temp_directory.c
    LINKS berth_registry)

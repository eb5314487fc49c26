# Bundles of real tools, in three engines: see matrix/README.md. The first build of the bundles takes a
# minute or so and fetches packages; after that it finds them in tests/output/matrix.
add_test(NAME matrix_build
    COMMAND /usr/bin/env node ${PROJECT_SOURCE_DIR}/tests/browser/matrix/build.mjs)
set_tests_properties(matrix_build PROPERTIES
    LABELS browser TIMEOUT 900 RUN_SERIAL ON FIXTURES_SETUP matrix)

foreach(part chromium consumers faults policies firefox webkit)
    add_test(NAME matrix_${part}
        COMMAND /usr/bin/env node --test --test-reporter=spec
            ${PROJECT_SOURCE_DIR}/tests/browser/matrix/${part}.test.mjs)
    set_tests_properties(matrix_${part} PROPERTIES
        LABELS browser TIMEOUT 300 RUN_SERIAL ON FIXTURES_REQUIRED matrix
        ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>")
endforeach()

# The stock loaders of other projects, in Chromium: see loaders/README.md. What is built by bundlers comes from the
# matrix; packages are fetched at first.
foreach(part importmaps federation swap native discovery)
    add_test(NAME loaders_${part}
        COMMAND /usr/bin/env node --test --test-reporter=spec
            ${PROJECT_SOURCE_DIR}/tests/browser/loaders/${part}.test.mjs)
    set_tests_properties(loaders_${part} PROPERTIES
        LABELS browser TIMEOUT 300 RUN_SERIAL ON FIXTURES_REQUIRED matrix
        ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>")
endforeach()

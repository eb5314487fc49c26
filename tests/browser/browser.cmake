# End to end, in Chromium. `env` finds node when a test runs, so that scripts/test can bring a newer one
# than that of the machine.
foreach(part swap talk faults loops modules slots tabs contract security looks native)
    add_test(NAME browser_${part}
        COMMAND /usr/bin/env node --test --test-reporter=spec
            ${PROJECT_SOURCE_DIR}/tests/browser/${part}.test.mjs)
    set_tests_properties(browser_${part} PROPERTIES
        LABELS browser TIMEOUT 180 RUN_SERIAL ON ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>")
endforeach()

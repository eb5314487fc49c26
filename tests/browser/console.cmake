# The console as a person uses it, in Chromium.
add_test(NAME browser_console
    COMMAND /usr/bin/env node --test --test-reporter=spec
        ${PROJECT_SOURCE_DIR}/tests/browser/console.test.mjs)
set_tests_properties(browser_console PROPERTIES
    LABELS browser TIMEOUT 600 RUN_SERIAL ON ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>")

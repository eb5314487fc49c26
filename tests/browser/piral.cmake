# Piral's command and a stock Piral instance, in Chromium: see piral/README.md.
add_test(NAME browser_piral
    COMMAND /usr/bin/env node --test --test-reporter=spec
        ${PROJECT_SOURCE_DIR}/tests/browser/piral/pilets.test.mjs)
set_tests_properties(browser_piral PROPERTIES
    LABELS browser TIMEOUT 180 RUN_SERIAL ON ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>")

# The shell's own tests live beside it; `npm ci` there comes first (scripts/test does it). They rebuild its
# dist/, which the other browser tests serve: so they run alone.
add_test(NAME frontend_shell
    COMMAND /usr/bin/env npm --silent test
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/frontends/shell)
set_tests_properties(frontend_shell PROPERTIES LABELS frontend TIMEOUT 300 RUN_SERIAL ON)

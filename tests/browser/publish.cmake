# @berth/publish: its own tests, and builds of webpack, rspack and vite that publish themselves. They live
# beside it; scripts/test has built it, and installed the tools.
set(PUBLISH ${PROJECT_SOURCE_DIR}/frontends/publish)
add_test(NAME frontend_publish COMMAND /usr/bin/env npm --silent test WORKING_DIRECTORY ${PUBLISH})
set_tests_properties(frontend_publish PROPERTIES LABELS frontend TIMEOUT 180)
add_test(NAME frontend_publish_real COMMAND /usr/bin/env npm --silent run test:real WORKING_DIRECTORY ${PUBLISH})
set_tests_properties(frontend_publish_real PROPERTIES
    LABELS frontend TIMEOUT 300 RUN_SERIAL ON ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>")

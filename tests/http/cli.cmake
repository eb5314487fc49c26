# The command against a server that plays its part: tests/http/cli/test_cli.py.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME http_cli
    COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/tests/http/cli/test_cli.py)
set_tests_properties(http_cli PROPERTIES
    LABELS http TIMEOUT 120 ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>")

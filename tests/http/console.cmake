# The console's side of the admin listener, from outside.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME http_console
    COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/site/test_console.py)
set_tests_properties(http_console PROPERTIES
    LABELS http TIMEOUT 300
    ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>;BERTH_SOURCE=${PROJECT_SOURCE_DIR}")

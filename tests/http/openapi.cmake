# The API's description: served, whole, and what every answer of every test is held against.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME http_openapi COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/site/test_openapi.py)
set_tests_properties(http_openapi PROPERTIES
    LABELS http TIMEOUT 300
    ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>;BERTH_SOURCE=${PROJECT_SOURCE_DIR}")

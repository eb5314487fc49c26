# What people who run a server do: put a proxy before it, install the package.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME operations_proxies COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/test_proxies.py)
add_test(NAME operations_package COMMAND ${CMAKE_CURRENT_LIST_DIR}/package.sh)
set_tests_properties(operations_proxies operations_package PROPERTIES LABELS operations TIMEOUT 600
    ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>;BERTH_SOURCE=${PROJECT_SOURCE_DIR}")

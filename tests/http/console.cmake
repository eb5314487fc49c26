# The console's side of the admin listener, from outside.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(subject console shipped)
    add_test(NAME http_${subject}
        COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/site/test_${subject}.py)
    set_tests_properties(http_${subject} PROPERTIES
        LABELS http TIMEOUT 300
        ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>;BERTH_SOURCE=${PROJECT_SOURCE_DIR}")
endforeach()

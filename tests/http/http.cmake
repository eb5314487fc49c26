# The server from outside: the real binary on free ports, one ctest entry per subject.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(subject upload compat delete reload activity documents hostile archives live races assets alias manifests pages events tokens protocol life notify settings disk syscalls variants keep limits tls compartments)
    add_test(NAME http_${subject}
        COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/site/test_${subject}.py)
    set_tests_properties(http_${subject} PROPERTIES
        LABELS http TIMEOUT 300
        ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>;BERTH_SOURCE=${PROJECT_SOURCE_DIR}")
endforeach()

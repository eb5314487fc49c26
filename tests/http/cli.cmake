# The command against a server that plays its part, and against berth's own.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
foreach(script cli settings reading doctor with_server open json tls shells mistakes)
    add_test(NAME http_cli_${script}
        COMMAND ${Python3_EXECUTABLE} -B ${PROJECT_SOURCE_DIR}/tests/http/cli/test_${script}.py)
    set_tests_properties(http_cli_${script} PROPERTIES
        LABELS http TIMEOUT 300 ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>")
endforeach()

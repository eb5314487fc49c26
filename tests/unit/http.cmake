foreach(part url query route range conditional table pace piece parse wheel trace)
    berth_unit(http_${part} SOURCES unit/http_${part}.c LINKS berth_http)
    target_include_directories(unit_http_${part} PRIVATE ${PROJECT_SOURCE_DIR}/server)
endforeach()
# These speak to a real listener, byte by byte: to the loop, and again to civetweb's threads.
foreach(part framing answers bodies limits compartments traffic)
    berth_unit(http_${part}
        SOURCES unit/http_${part}.c unit/http_fixture.c unit/http_client.c LINKS berth_http)
    add_test(NAME http_${part}_threads COMMAND unit_http_${part})
    set_tests_properties(http_${part}_threads PROPERTIES
        LABELS unit TIMEOUT 120 ENVIRONMENT BERTH_TEST_ENGINE=threads)
endforeach()
berth_unit(http_loop
    SOURCES unit/http_loop.c unit/http_fixture.c unit/http_client.c LINKS berth_http)
target_include_directories(unit_http_loop PRIVATE ${PROJECT_SOURCE_DIR}/server)

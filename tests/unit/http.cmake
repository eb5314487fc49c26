foreach(part url query route range conditional table pace piece)
    berth_unit(http_${part} SOURCES unit/http_${part}.c LINKS berth_http)
    target_include_directories(unit_http_${part} PRIVATE ${PROJECT_SOURCE_DIR}/server)
endforeach()
# These speak to a real listener, byte by byte.
foreach(part framing answers bodies limits compartments)
    berth_unit(http_${part}
        SOURCES unit/http_${part}.c unit/http_fixture.c unit/http_client.c LINKS berth_http)
endforeach()

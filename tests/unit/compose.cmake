foreach(unit page document prerender pack css)
    berth_unit(compose_${unit}
        SOURCES unit/compose_${unit}.c unit/compose_fixture.c conformance/temp_directory.c
        LINKS berth_compose)
    target_include_directories(unit_compose_${unit} PRIVATE conformance ${PROJECT_SOURCE_DIR}/server/compose)
endforeach()

foreach(part args format)
    berth_unit(cli_${part} SOURCES unit/cli_${part}.c LINKS berth_cli)
    target_include_directories(unit_cli_${part} PRIVATE ${PROJECT_SOURCE_DIR}/server)
endforeach()

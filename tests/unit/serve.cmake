berth_unit(serve_options SOURCES unit/serve_options.c LINKS berth_serve)
target_include_directories(unit_serve_options PRIVATE ${PROJECT_SOURCE_DIR}/server/serve)
berth_unit(serve_probe SOURCES unit/serve_probe.c LINKS berth_serve)
target_include_directories(unit_serve_probe PRIVATE ${PROJECT_SOURCE_DIR}/server/serve)

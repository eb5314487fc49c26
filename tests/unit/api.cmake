berth_unit(api_multipart SOURCES unit/api_multipart.c LINKS berth_api)
target_include_directories(unit_api_multipart PRIVATE ${PROJECT_SOURCE_DIR}/server)
berth_unit(api_metrics SOURCES unit/api_metrics.c LINKS berth_api)
target_include_directories(unit_api_metrics PRIVATE ${PROJECT_SOURCE_DIR}/server)

berth_unit(api_multipart SOURCES unit/api_multipart.c LINKS berth_api)
target_include_directories(unit_api_multipart PRIVATE ${PROJECT_SOURCE_DIR}/server)
berth_unit(api_metrics SOURCES unit/api_metrics.c LINKS berth_api)
target_include_directories(unit_api_metrics PRIVATE ${PROJECT_SOURCE_DIR}/server)
berth_unit(api_openapi SOURCES unit/api_openapi.c LINKS berth_api berth_site)
target_compile_definitions(unit_api_openapi PRIVATE
    BERTH_OPENAPI="${PROJECT_SOURCE_DIR}/server/api/openapi.json")

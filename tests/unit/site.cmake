berth_unit(site_csp SOURCES unit/site_csp.c LINKS berth_site)
target_include_directories(unit_site_csp PRIVATE ${PROJECT_SOURCE_DIR}/server)

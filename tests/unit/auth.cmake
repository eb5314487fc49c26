berth_unit(auth SOURCES unit/auth.c conformance/temp_directory.c LINKS berth_auth)
berth_unit(auth_failures SOURCES unit/auth_failures.c LINKS berth_auth)
target_include_directories(unit_auth PRIVATE conformance)

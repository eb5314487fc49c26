berth_unit(store SOURCES unit/store.c conformance/temp_directory.c LINKS berth_store)
target_include_directories(unit_store PRIVATE conformance)
# The test decides which fsync fails.
target_link_options(unit_store PRIVATE -Wl,--wrap=fsync)

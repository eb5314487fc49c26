berth_unit(store
    SOURCES unit/store.c unit/store_fixture.c conformance/temp_directory.c LINKS berth_store)
berth_unit(store_batch SOURCES unit/store_batch.c conformance/temp_directory.c LINKS berth_store)
berth_unit(store_sweep
    SOURCES unit/store_sweep.c unit/store_fixture.c conformance/temp_directory.c LINKS berth_store)
target_include_directories(unit_store_sweep PRIVATE conformance)
foreach(test unit_store unit_store_batch)
    target_include_directories(${test} PRIVATE conformance)
    # The test decides which fsync fails.
    target_link_options(${test} PRIVATE -Wl,--wrap=fsync)
endforeach()
# And what the disk cannot read.
target_link_options(unit_store PRIVATE -Wl,--wrap=pread)

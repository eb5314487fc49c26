berth_unit(snapshot_bodies SOURCES unit/snapshot_bodies.c LINKS berth_snapshot)
target_include_directories(unit_snapshot_bodies PRIVATE ${PROJECT_SOURCE_DIR}/server/snapshot)
# The test decides what a blob holds, and knows who waits for it.
target_link_options(unit_snapshot_bodies PRIVATE
    -Wl,--wrap=berth_blob_read -Wl,--wrap=pthread_cond_wait)

foreach(unit nodes pages publish forms cold reader)
    berth_unit(snapshot_${unit}
        SOURCES unit/snapshot_${unit}.c unit/snapshot_fixture.c conformance/temp_directory.c
        LINKS berth_snapshot)
    target_include_directories(unit_snapshot_${unit} PRIVATE conformance)
endforeach()
# What is read of files is counted.
target_include_directories(unit_snapshot_reader PRIVATE ${PROJECT_SOURCE_DIR}/server/snapshot)
target_link_options(unit_snapshot_reader PRIVATE -Wl,--wrap=pread)
# Composing fails when the test wants it, and lines of the log are counted.
target_link_options(unit_snapshot_pages PRIVATE
    -Wl,--wrap=berth_compose_page -Wl,--wrap=berth_log_event)

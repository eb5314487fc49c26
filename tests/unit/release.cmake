foreach(unit desk externals limits memory pages restart races removals staged versions)
    berth_unit(release_${unit}
        SOURCES unit/release_${unit}.c unit/release_fixture.c conformance/temp_directory.c
        LINKS berth_release)
    target_include_directories(unit_release_${unit} PRIVATE conformance)
    # The test decides when an edition cannot be made.
    target_link_options(unit_release_${unit} PRIVATE -Wl,--wrap=berth_edition_create)
endforeach()
# And when memory is out.
foreach(unit externals memory)
    target_link_options(unit_release_${unit} PRIVATE
        -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc)
endforeach()
target_link_options(unit_release_memory PRIVATE -Wl,--wrap=berth_publish)

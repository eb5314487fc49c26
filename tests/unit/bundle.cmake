foreach(name path fixtures archive isolate scan pack detect remotes declaration prerendered
        unread)
    berth_unit(bundle_${name}
        SOURCES unit/bundle_${name}.c unit/bundle_scratch.c
        LINKS berth_bundle berth_registry)
endforeach()
# The parts of the room that have no contract header of their own are tested through theirs.
foreach(name isolate scan declaration prerendered unread)
    target_include_directories(unit_bundle_${name} PRIVATE ${PROJECT_SOURCE_DIR}/server/bundle)
endforeach()

foreach(unit page views shared importmap listings)
    berth_unit(manifest_${unit} SOURCES unit/manifest_${unit}.c LINKS berth_manifest)
endforeach()
target_compile_definitions(unit_manifest_page PRIVATE BERTH_MANIFESTS="${PROJECT_SOURCE_DIR}/manifests")

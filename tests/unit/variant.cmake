pkg_check_modules(BROTLIDEC REQUIRED IMPORTED_TARGET libbrotlidec)

berth_unit(variant_make SOURCES unit/variant_make.c unit/variant_decode.c
    LINKS berth_variant PkgConfig::BROTLIDEC)
berth_unit(variant_compressor
    SOURCES unit/variant_compressor.c unit/variant_fixture.c unit/variant_decode.c
            conformance/temp_directory.c
    LINKS berth_variant PkgConfig::BROTLIDEC)
target_include_directories(unit_variant_compressor PRIVATE conformance)
foreach(unit make compressor)
    target_include_directories(unit_variant_${unit} PRIVATE ${PROJECT_SOURCE_DIR}/server)
endforeach()
# The test decides when a blob is read, and when the disk is full.
target_link_options(unit_variant_compressor PRIVATE
    -Wl,--wrap=berth_blob_read -Wl,--wrap=berth_blob_add)

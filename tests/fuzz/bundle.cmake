# berth_fuzz(NAME SOURCES… LINKS… CORPUS…): with BERTH_FUZZ a libFuzzer harness, else a program that
# runs the corpus once. Either way ctest runs the corpus, with the label "fuzz".
if(NOT COMMAND berth_fuzz)
    function(berth_fuzz name)
        cmake_parse_arguments(FUZZ "" "" "SOURCES;LINKS;CORPUS" ${ARGN})
        add_executable(fuzz_${name} ${FUZZ_SOURCES})
        target_link_libraries(fuzz_${name} PRIVATE berth_options ${FUZZ_LINKS})
        if(BERTH_FUZZ)
            target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
        else()
            target_sources(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/bundle_replay.c)
        endif()
        add_test(NAME fuzz_${name} COMMAND fuzz_${name} ${FUZZ_CORPUS})
        set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz TIMEOUT 120)
    endfunction()
endif()

file(GLOB BUNDLE_ENTRIES CONFIGURE_DEPENDS data/bundles/*/input/remoteEntry.js
    data/fuzz/bundle_scan/*)
file(GLOB BUNDLE_ARCHIVES CONFIGURE_DEPENDS data/fuzz/bundle_archive/*)
file(GLOB BUNDLE_PATHS CONFIGURE_DEPENDS data/fuzz/bundle_path/*)

berth_fuzz(bundle_path SOURCES fuzz/bundle_path.c LINKS berth_bundle berth_registry CORPUS ${BUNDLE_PATHS})
berth_fuzz(bundle_scan SOURCES fuzz/bundle_scan.c LINKS berth_bundle berth_registry CORPUS ${BUNDLE_ENTRIES})
berth_fuzz(bundle_archive SOURCES fuzz/bundle_archive.c LINKS berth_bundle berth_registry
    CORPUS ${BUNDLE_ARCHIVES})
file(GLOB BUNDLE_JSONS CONFIGURE_DEPENDS data/bundles/*/input/remoteEntry.json data/bundles/*/input/berth.json
    data/berth-json/good/*.json)
berth_fuzz(bundle_json SOURCES fuzz/bundle_json.c LINKS berth_bundle berth_registry CORPUS ${BUNDLE_JSONS})
file(GLOB BUNDLE_PRERENDERED CONFIGURE_DEPENDS data/fuzz/bundle_prerendered/*)
berth_fuzz(bundle_prerendered SOURCES fuzz/bundle_prerendered.c LINKS berth_bundle berth_registry
    CORPUS ${BUNDLE_PRERENDERED})
file(GLOB BUNDLE_STREAMS CONFIGURE_DEPENDS data/fuzz/bundle_stream/*)
berth_fuzz(bundle_stream SOURCES fuzz/bundle_stream.c LINKS berth_bundle berth_registry CORPUS ${BUNDLE_STREAMS})
file(GLOB BUNDLE_HEARD CONFIGURE_DEPENDS data/fuzz/bundle_hear/*)
berth_fuzz(bundle_hear SOURCES fuzz/bundle_hear.c LINKS berth_bundle berth_registry CORPUS ${BUNDLE_HEARD})
file(GLOB BUNDLE_DETECTED CONFIGURE_DEPENDS data/fuzz/bundle_detect/*)
berth_fuzz(bundle_detect SOURCES fuzz/bundle_detect.c LINKS berth_bundle berth_registry CORPUS ${BUNDLE_DETECTED})
target_link_options(fuzz_bundle_detect PRIVATE -Wl,--wrap=berth_blob_read) # it has no store
foreach(harness path scan archive json prerendered stream hear detect)
    target_include_directories(fuzz_bundle_${harness} PRIVATE ${PROJECT_SOURCE_DIR}/server/bundle)
endforeach()

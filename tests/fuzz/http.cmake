# With the preset "fuzz" libFuzzer programs; else each corpus is replayed as a test.
foreach(harness parsers coding head)
    add_executable(fuzz_http_${harness} fuzz/http_${harness}.c)
    target_link_libraries(fuzz_http_${harness} PRIVATE berth_options berth_http)
    target_include_directories(fuzz_http_${harness} PRIVATE ${PROJECT_SOURCE_DIR}/server)
    if(BERTH_FUZZ)
        target_link_options(fuzz_http_${harness} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(fuzz_http_${harness} PRIVATE fuzz/http_replay.c)
        add_test(NAME fuzz_http_${harness}
            COMMAND fuzz_http_${harness} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/http_${harness})
        set_tests_properties(fuzz_http_${harness} PROPERTIES LABELS fuzz TIMEOUT 60)
    endif()
endforeach()

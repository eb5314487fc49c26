# With the preset "fuzz" a libFuzzer program; else the corpus is replayed as a test.
add_executable(fuzz_http_parsers fuzz/http_parsers.c)
target_link_libraries(fuzz_http_parsers PRIVATE berth_options berth_http)
target_include_directories(fuzz_http_parsers PRIVATE ${PROJECT_SOURCE_DIR}/server)
if(BERTH_FUZZ)
    target_link_options(fuzz_http_parsers PRIVATE -fsanitize=fuzzer)
else()
    target_sources(fuzz_http_parsers PRIVATE fuzz/http_replay.c)
    add_test(NAME fuzz_http_parsers
        COMMAND fuzz_http_parsers ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/http_parsers)
    set_tests_properties(fuzz_http_parsers PROPERTIES LABELS fuzz TIMEOUT 60)
endif()

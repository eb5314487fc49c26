# Each corpus is a folder; see http.cmake.
add_executable(fuzz_compose_css fuzz/compose_css.c)
target_link_libraries(fuzz_compose_css PRIVATE berth_options berth_compose)
target_include_directories(fuzz_compose_css PRIVATE ${PROJECT_SOURCE_DIR}/server/compose)
if(BERTH_FUZZ)
    target_link_options(fuzz_compose_css PRIVATE -fsanitize=fuzzer)
else()
    target_sources(fuzz_compose_css PRIVATE fuzz/http_replay.c)
    add_test(NAME fuzz_compose_css
        COMMAND fuzz_compose_css ${CMAKE_CURRENT_SOURCE_DIR}/data/fuzz/compose_css)
    set_tests_properties(fuzz_compose_css PROPERTIES LABELS fuzz TIMEOUT 60)
endif()

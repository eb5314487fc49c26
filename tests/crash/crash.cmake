# Kills, failing disks and power cuts: a sample in every run, all of it by scripts/torture. Only in the
# plain build, as sanitizers do not go well with what is preloaded.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
if(NOT BERTH_SANITIZE AND NOT BERTH_FUZZ)
    add_library(crash_shim MODULE ${CMAKE_CURRENT_LIST_DIR}/shim.c)
    set_target_properties(crash_shim PROPERTIES C_STANDARD 17)
    # Without the checked variants of open, which the shim would not stand for.
    target_compile_options(crash_shim PRIVATE -Wall -Wextra -Werror -U_FORTIFY_SOURCE)
    target_compile_definitions(crash_shim PRIVATE _GNU_SOURCE)
    target_link_libraries(crash_shim PRIVATE ${CMAKE_DL_LIBS} Threads::Threads)
    foreach(subject Calls PowerCuts)
        string(TOLOWER ${subject} name)
        add_test(NAME crash_${name}
            COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_LIST_DIR}/test_crash.py ${subject})
        set_tests_properties(crash_${name} PROPERTIES
            LABELS crash TIMEOUT 600
            ENVIRONMENT "BERTH_BIN=$<TARGET_FILE:berth>;CRASH_SHIM=$<TARGET_FILE:crash_shim>")
    endforeach()
endif()

# The house rules, each a ctest entry with the label "lint"; what they are is in rules.sh.
function(berth_lint name)
    add_test(NAME lint_${name}
        COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lint/rules.sh ${name} ${ARGN})
    set_tests_properties(lint_${name} PROPERTIES LABELS lint TIMEOUT 120)
endfunction()

berth_lint(format)
berth_lint(doors)
berth_lint(sizes)
berth_lint(banned)
berth_lint(scripts)
berth_lint(headers ${CMAKE_C_COMPILER} ${JANSSON_CFLAGS})
berth_lint(tidy ${PROJECT_BINARY_DIR})
set_tests_properties(lint_tidy PROPERTIES TIMEOUT 900 PROCESSORS 2)

# `npm ci` in tests/lint comes first (scripts/test does it).
find_program(NODE_PROGRAM node)
if(NODE_PROGRAM)
    add_test(NAME frontend_page_schema
        COMMAND ${NODE_PROGRAM} ${CMAKE_CURRENT_SOURCE_DIR}/lint/schema.mjs)
    set_tests_properties(frontend_page_schema PROPERTIES LABELS frontend TIMEOUT 60)
endif()

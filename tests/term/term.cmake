# headless: runs a program on the terminal without a window (headless.c says how).
if(NOT WIN32)
    add_executable(term_headless term/headless.c)
    target_link_libraries(term_headless PRIVATE term util)
    add_test(NAME term.vttest COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/term/vttest.sh
                                      $<TARGET_FILE:term_headless>)
    set_tests_properties(term.vttest PROPERTIES LABELS term TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()

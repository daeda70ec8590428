# headless: runs a program on the terminal without a window (headless.c says how).
if(NOT WIN32)
    add_executable(term_headless term/headless.c)
    target_link_libraries(term_headless PRIVATE term util)
    add_executable(term_terminfo term/terminfo.c)
    target_link_libraries(term_terminfo PRIVATE term)
    add_test(NAME term.terminfo COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/term/terminfo.sh
                                        $<TARGET_FILE:term_terminfo>)
    add_test(NAME term.vttest COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/term/vttest.sh
                                      $<TARGET_FILE:term_headless>)
    add_test(NAME term.programs COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/term/programs.sh
                                        $<TARGET_FILE:term_headless>)
    add_test(NAME term.esctest COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/term/esctest.sh
                                       $<TARGET_FILE:term_headless>)
    add_test(NAME term.headless COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/term/headless.sh
                                        $<TARGET_FILE:term_headless>)
    set_tests_properties(term.headless term.vttest term.programs term.esctest term.terminfo
                         PROPERTIES LABELS term
                         TIMEOUT 300 SKIP_RETURN_CODE 77)
endif()

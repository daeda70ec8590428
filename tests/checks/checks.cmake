# checks.*: what only debug and sanitizer builds look for is found when it is planted.
if(FORELAND_CHECK_LOCKS AND NOT WIN32)
    add_executable(checks_planted checks/planted.c)
    target_link_libraries(checks_planted PRIVATE runtime)
    add_test(NAME checks.locks
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/checks/planted.sh $<TARGET_FILE:checks_planted>)
    set_tests_properties(checks.locks PROPERTIES LABELS checks TIMEOUT 100)
endif()

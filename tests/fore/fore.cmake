# tests/fore: the command line of fore, on both hosts.
if(TARGET fore)
    add_test(NAME fore.options
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fore/options.sh $<TARGET_FILE:fore>
                     ${guest_host} ${CMAKE_CURRENT_BINARY_DIR}/guest/glibc/hello)
    set_tests_properties(fore.options PROPERTIES LABELS fore TIMEOUT 120)
    add_test(NAME fore.mount COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fore/mount.sh $<TARGET_FILE:fore>
                                     ${guest_host})
    set_tests_properties(fore.mount PROPERTIES LABELS fore TIMEOUT 600 SKIP_RETURN_CODE 77)
endif()

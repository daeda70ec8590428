# fore image, and programs killed while they write to an image: one that uses the file system itself,
# and fore with guests.
set(guest_programs)
list(APPEND guest_headers ${CMAKE_CURRENT_SOURCE_DIR}/crash/content.h)
foreland_guest(crash "${FORELAND_GUEST_CC};-static" guest ${CMAKE_CURRENT_SOURCE_DIR}/crash/guest.c)
foreland_guest(image "${FORELAND_GUEST_CC};-static" full_guest
               ${CMAKE_CURRENT_SOURCE_DIR}/image/full_guest.c)
add_custom_target(crash_guest ALL DEPENDS ${guest_programs})
add_executable(crash_image crash/image.c)
target_link_libraries(crash_image PRIVATE runtime)
add_executable(image_attack image/attack.c image/damaged.c image/victim.c)
target_link_libraries(image_attack PRIVATE runtime)
foreach(part flips rows around rescue repair)
    add_test(NAME image.${part} COMMAND image_attack ${part}
             WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
    set_tests_properties(image.${part} PROPERTIES LABELS image TIMEOUT 300 ENVIRONMENT
        "WINEDEBUG=-all;FORELAND_TESTS=${CMAKE_CURRENT_SOURCE_DIR}")
endforeach()
if(TARGET fore)
    add_test(NAME crash.image
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/crash/image.sh ${CMAKE_CURRENT_BINARY_DIR}/crash
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:fore> --
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:crash_image>)
    set_tests_properties(crash.image PROPERTIES LABELS crash TIMEOUT 600
                                                ENVIRONMENT "WINEDEBUG=-all")
    set(crash_fore ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:fore>)
    add_test(NAME crash.guest
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/crash/image.sh
                     ${CMAKE_CURRENT_BINARY_DIR}/crash-guest ${crash_fore} --
                     ${CMAKE_CURRENT_SOURCE_DIR}/crash/guest.sh ${crash_fore} --)
    set_tests_properties(crash.guest PROPERTIES LABELS crash TIMEOUT 600
        ENVIRONMENT "WINEDEBUG=-all;CRASH_GUEST=${guest_out}/crash/guest")
    add_test(NAME image.formats
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/image/formats.sh
                     ${CMAKE_CURRENT_BINARY_DIR}/image-formats ${crash_fore} --
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:image_attack>)
    set_tests_properties(image.formats PROPERTIES LABELS image TIMEOUT 300
                                                  ENVIRONMENT "WINEDEBUG=-all")
    add_test(NAME image.full
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/image/full.sh
                     ${CMAKE_CURRENT_BINARY_DIR}/image-full ${guest_out}/image/full_guest
                     ${crash_fore} --)
    set_tests_properties(image.full PROPERTIES LABELS image TIMEOUT 300 SKIP_RETURN_CODE 77
                                               ENVIRONMENT "WINEDEBUG=-all")
    add_test(NAME image.fore
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/image/fore.sh ${CMAKE_CURRENT_BINARY_DIR}/image
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:fore> --
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:crash_image>)
    set_tests_properties(image.fore PROPERTIES LABELS image TIMEOUT 300
                                               ENVIRONMENT "WINEDEBUG=-all")
endif()

# fore image, and programs killed while they write to an image.
add_executable(crash_image crash/image.c)
target_link_libraries(crash_image PRIVATE runtime)
if(TARGET fore)
    add_test(NAME crash.image
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/crash/image.sh ${CMAKE_CURRENT_BINARY_DIR}/crash
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:fore> --
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:crash_image>)
    set_tests_properties(crash.image PROPERTIES LABELS crash TIMEOUT 600
                                                ENVIRONMENT "WINEDEBUG=-all")
    add_test(NAME image.fore
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/image/fore.sh ${CMAKE_CURRENT_BINARY_DIR}/image
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:fore> --
                     ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:crash_image>)
    set_tests_properties(image.fore PROPERTIES LABELS image TIMEOUT 300
                                               ENVIRONMENT "WINEDEBUG=-all")
endif()

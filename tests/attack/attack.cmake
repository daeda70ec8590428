# Hostile system calls for some seconds, the same ones on each machine; tests/long/attack.sh goes on
# with others.
set(guest_programs)
file(GLOB attack_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/attack/*.c)
list(APPEND guest_headers ${CMAKE_CURRENT_SOURCE_DIR}/attack/attack.h)
foreland_guest(attack "${FORELAND_GUEST_CC};-static;-fno-stack-protector" attack ${attack_sources})
add_custom_target(attack_guest ALL DEPENDS ${guest_programs})
if(TARGET fore)
    set(attack_counter)
    if(WIN32)
        add_executable(windows_counted windows/counted.c)
        target_link_libraries(windows_counted PRIVATE foreland_options ntdll)
        set(attack_counter --counter $<TARGET_FILE:windows_counted>)
    endif()
    add_test(NAME attack.calls
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/attack/attack.py $<TARGET_FILE:fore> ${guest_host}
                     ${guest_out}/attack/attack --seeds $<IF:$<BOOL:${WIN32}>,1-3,1-10>
                     ${attack_counter})
    set_tests_properties(attack.calls PROPERTIES LABELS attack TIMEOUT 600)
endif()

# tests/fore: fore as a user calls it, on both hosts. <name>.c is a guest program for <name>.sh.
set(guest_programs)
foreach(name codememory counted faults folder input kept kernelmemory memory names netchanges opcodes outside perf traced
             output sparse storms unimplemented)
    foreland_guest(fore "${FORELAND_GUEST_CC};-static" ${name}
                   ${CMAKE_CURRENT_SOURCE_DIR}/fore/${name}.c)
endforeach()
add_custom_target(fore_programs ALL DEPENDS ${guest_programs})

function(foreland_fore_test name timeout)
    add_test(NAME fore.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fore/${name}.sh
                                       $<TARGET_FILE:fore> ${guest_host} ${ARGN})
    set_tests_properties(fore.${name} PROPERTIES LABELS fore TIMEOUT ${timeout}
                                                 SKIP_RETURN_CODE 77)
endfunction()

if(TARGET fore)
    foreland_fore_test(memory 400 ${guest_out}/fore/memory)
    foreland_fore_test(input 200 ${guest_out}/fore/input)
    foreland_fore_test(output 200 ${guest_out}/fore/output)
    foreland_fore_test(kernelmemory 400 ${guest_out}/fore/kernelmemory)
    foreland_fore_test(storms 400 ${guest_out}/fore/storms)
    foreland_fore_test(log 200 ${guest_out}/fore/unimplemented ${guest_out}/fore/traced)
    foreland_fore_test(opcodes 1500 ${guest_out}/fore/opcodes)
    foreland_fore_test(strace 100 ${guest_out}/fore/traced)
    foreland_fore_test(cache 400 ${guest_out}/fore/kept)
    foreland_fore_test(stats 100 ${guest_out}/fore/counted)
    foreland_fore_test(perf 200 ${guest_out}/fore/perf)
    foreland_fore_test(codememory 200 ${guest_out}/fore/codememory)
    foreland_fore_test(net 200 ${guest_out}/fore/outside)
    foreland_fore_test(netfaults 400 ${guest_out}/fore/faults)
    foreland_fore_test(netchanges 400 ${guest_out}/fore/netchanges)
    foreland_fore_test(names 200 ${guest_out}/fore/names)
    foreland_fore_test(isolated 200 ${guest_out}/fore/names)
    foreland_fore_test(families 200 ${guest_out}/fore/names ${guest_root})
    foreland_fore_test(options 400 ${guest_out}/glibc/hello)
    foreland_fore_test(mount 600)
    foreland_fore_test(install 200 ${CMAKE_BINARY_DIR})
    foreland_fore_test(selftest 200)
    foreland_fore_test(folder 600 ${guest_out}/fore/folder ${guest_out}/fore/sparse)
    if(NOT WIN32) # there, tests/windows/ending.sh
        foreland_fore_test(ending 200 ${guest_root} $<TARGET_FILE:foreland>)
    endif()
endif()

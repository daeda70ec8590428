# Guest programs: small Linux programs that check something of the system they run on, print what
# they find and exit with 0 when every check held. Each is first run on the real kernel, whose
# output and exit status the run under Foreland has to match (run.sh).
#
# tests/guest/<name>.c (with <name>.S beside it, if there is one) or <name>.S alone (without any C
# library) gives guest.glibc.<name> and, where musl-gcc is to be had, guest.musl.<name>, both
# static. A file that holds the words "guest: glibc only" is not built with musl.
find_program(FORELAND_GUEST_CC NAMES x86_64-linux-gnu-gcc gcc REQUIRED)
find_program(FORELAND_GUEST_MUSL NAMES musl-gcc)

set(guest_dir ${CMAKE_CURRENT_SOURCE_DIR}/guest)
file(GLOB guest_c CONFIGURE_DEPENDS ${guest_dir}/*.c)
file(GLOB guest_asm CONFIGURE_DEPENDS ${guest_dir}/*.S)
file(GLOB guest_headers CONFIGURE_DEPENDS ${guest_dir}/*.h)
set(guest_host linux)
if(WIN32)
    set(guest_host wine)
endif()
set(guest_programs)

function(foreland_guest libc compiler name)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/guest/${libc}/${name})
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/guest/${libc})
    add_custom_command(OUTPUT ${output}
        COMMAND ${compiler} -std=gnu11 -O1 -g -Wall -Wextra -pthread -static -D_GNU_SOURCE
                -I${guest_dir} -o ${output} ${ARGN} -lm
        DEPENDS ${ARGN} ${guest_headers} VERBATIM)
    set(guest_programs ${guest_programs} ${output} PARENT_SCOPE)
    if(TARGET fore)
        add_test(NAME guest.${libc}.${name}
                 COMMAND ${guest_dir}/run.sh ${guest_host} $<TARGET_FILE:fore> ${output})
        set_tests_properties(guest.${libc}.${name} PROPERTIES LABELS guest TIMEOUT 120)
    endif()
endfunction()

foreach(source IN LISTS guest_c)
    cmake_path(GET source STEM name)
    set(sources ${source})
    if(EXISTS ${guest_dir}/${name}.S)
        list(APPEND sources ${guest_dir}/${name}.S)
    endif()
    foreland_guest(glibc ${FORELAND_GUEST_CC} ${name} ${sources})
    file(STRINGS ${source} glibc_only REGEX "guest: glibc only")
    if(FORELAND_GUEST_MUSL AND NOT glibc_only)
        foreland_guest(musl ${FORELAND_GUEST_MUSL} ${name} ${sources})
    endif()
endforeach()
foreach(source IN LISTS guest_asm)
    cmake_path(GET source STEM name)
    if(NOT EXISTS ${guest_dir}/${name}.c)
        foreland_guest(none "${FORELAND_GUEST_CC};-nostdlib" ${name} ${source})
    endif()
endforeach()
add_custom_target(guest_programs ALL DEPENDS ${guest_programs})

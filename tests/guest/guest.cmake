# Guest programs: small Linux programs that check something of the system they run on, print what
# they find and exit with 0 when every check held. Each is first run on the real kernel, whose
# output and exit status the run under Foreland has to match (run.sh).
#
# <theme>/<name>.c (with <name>.S beside it, if there is one) gives guest.glibc.<name> and, where
#     musl-gcc is to be had, guest.musl.<name>, both static; <name>.S alone gives guest.none.<name>,
#     without any C library. A C file that holds the words "guest: glibc only" is not built with
#     musl. Themes are folders alone; names are those of all of them together.
# dynamic/<name>.c gives guest.dynamic.<name>, linked with the shared glibc and with the option that
#     the words "guest: flags" name.
# shell/<name>.sh gives guest.shell.<name>: the script is run by bash.
#
# The last two need the root file system that the target guest_root makes; without it they are
# skipped.
find_program(FORELAND_GUEST_CC NAMES x86_64-linux-gnu-gcc gcc REQUIRED)
find_program(FORELAND_GUEST_MUSL NAMES musl-gcc)

set(guest_dir ${CMAKE_CURRENT_SOURCE_DIR}/guest)
set(guest_out ${CMAKE_CURRENT_BINARY_DIR}/guest)
set(guest_root ${guest_out}/root.tar)
file(GLOB_RECURSE guest_c CONFIGURE_DEPENDS ${guest_dir}/*.c)
file(GLOB_RECURSE guest_asm CONFIGURE_DEPENDS ${guest_dir}/*.S)
list(FILTER guest_c EXCLUDE REGEX "/guest/dynamic/")
file(GLOB guest_dynamic CONFIGURE_DEPENDS ${guest_dir}/dynamic/*.c)
file(GLOB guest_shell CONFIGURE_DEPENDS ${guest_dir}/shell/*.sh)
file(GLOB_RECURSE guest_headers CONFIGURE_DEPENDS ${guest_dir}/*.h)
set(guest_programs)
file(MAKE_DIRECTORY ${guest_out}/dynamic)

function(foreland_guest_test kind name program)
    if(TARGET fore)
        add_test(NAME guest.${kind}.${name}
                 COMMAND ${guest_dir}/run.sh $<IF:$<BOOL:${WIN32}>,wine,linux>
                         $<TARGET_FILE:fore> ${program} ${ARGN})
        # On the real kernel the builds of one program share /tmp: one at a time.
        set_tests_properties(guest.${kind}.${name} PROPERTIES LABELS guest TIMEOUT 200
                                 SKIP_RETURN_CODE 77 RESOURCE_LOCK guest.${name})
    endif()
endfunction()

function(foreland_guest kind compiler name)
    set(output ${guest_out}/${kind}/${name})
    file(MAKE_DIRECTORY ${guest_out}/${kind})
    add_custom_command(OUTPUT ${output}
        COMMAND ${compiler} -std=gnu11 -O1 -g -Wall -Wextra -pthread -D_GNU_SOURCE -I${guest_dir}
                -o ${output} ${ARGN} -lm
        DEPENDS ${ARGN} ${guest_headers} VERBATIM)
    set(guest_programs ${guest_programs} ${output} PARENT_SCOPE)
endfunction()

foreach(source IN LISTS guest_c)
    cmake_path(GET source STEM name)
    cmake_path(REPLACE_EXTENSION source LAST_ONLY .S OUTPUT_VARIABLE asm)
    set(sources ${source})
    if(EXISTS ${asm})
        list(APPEND sources ${asm})
    endif()
    foreland_guest(glibc "${FORELAND_GUEST_CC};-static" ${name} ${sources})
    foreland_guest_test(glibc ${name} ${guest_out}/glibc/${name})
    file(STRINGS ${source} glibc_only REGEX "guest: glibc only")
    if(FORELAND_GUEST_MUSL AND NOT glibc_only)
        foreland_guest(musl "${FORELAND_GUEST_MUSL};-static" ${name} ${sources})
        foreland_guest_test(musl ${name} ${guest_out}/musl/${name})
    endif()
endforeach()
foreach(source IN LISTS guest_asm)
    cmake_path(GET source STEM name)
    cmake_path(REPLACE_EXTENSION source LAST_ONLY .c OUTPUT_VARIABLE with)
    if(NOT EXISTS ${with})
        foreland_guest(none "${FORELAND_GUEST_CC};-nostdlib;-static" ${name} ${source})
        foreland_guest_test(none ${name} ${guest_out}/none/${name})
    endif()
endforeach()
foreach(source IN LISTS guest_dynamic)
    cmake_path(GET source STEM name)
    file(STRINGS ${source} flags REGEX "guest: flags ")
    string(REGEX REPLACE ".*guest: flags " "" flags "${flags}")
    foreland_guest(dynamic "${FORELAND_GUEST_CC};${flags}" ${name} ${source})
    foreland_guest_test(dynamic ${name} ${guest_out}/dynamic/${name} ${guest_root})
endforeach()
foreach(source IN LISTS guest_shell)
    cmake_path(GET source STEM name)
    foreland_guest_test(shell ${name} ${source} ${guest_root})
endforeach()

add_custom_target(guest_programs ALL DEPENDS ${guest_programs})
add_custom_target(guest_root COMMAND ${guest_dir}/root.sh ${guest_root} ${guest_out}/dynamic
                  DEPENDS guest_programs VERBATIM)

# Their limits are times.
foreach(test guest.glibc.endless guest.musl.endless)
    if(TEST ${test})
        set_tests_properties(${test} PROPERTIES RUN_SERIAL ON)
    endif()
endforeach()

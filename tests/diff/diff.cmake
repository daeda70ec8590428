# The differential instruction test: one static program without a C library, run by the CPU and by
# Foreland with the same seed (run.sh). Each group of instructions is a test of its own.
set(diff_dir ${CMAKE_CURRENT_SOURCE_DIR}/diff)
set(diff_program ${CMAKE_CURRENT_BINARY_DIR}/diff/diffinsn)
file(GLOB diff_sources CONFIGURE_DEPENDS ${diff_dir}/*.c ${diff_dir}/*.S)
file(GLOB diff_headers CONFIGURE_DEPENDS ${diff_dir}/*.h)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/diff)
add_custom_command(OUTPUT ${diff_program}
    COMMAND ${FORELAND_GUEST_CC} -std=gnu11 -O1 -g -Wall -Wextra -static -nostdlib -no-pie
            -ffreestanding -fno-stack-protector -mno-red-zone -mgeneral-regs-only
            -fno-tree-loop-distribute-patterns -o ${diff_program} ${diff_sources}
    DEPENDS ${diff_sources} ${diff_headers} VERBATIM)
add_custom_target(diff_program ALL DEPENDS ${diff_program})

if(TARGET fore)
    # Programs of many blocks, whose state is compared where each begins.
    foreach(groups integer,control all)
        string(REPLACE "," "_" name ${groups})
        add_test(NAME diff.programs_${name} COMMAND ${diff_dir}/run.sh ${guest_host} $<TARGET_FILE:fore>
                                                    ${diff_program} ${groups} 1 4000 programs)
        set_tests_properties(diff.programs_${name} PROPERTIES LABELS diff TIMEOUT 300)
    endforeach()
    # Each case has one to three instructions; what is the same on both hosts has most of them here.
    set(diff_cases 100000)
    if(WIN32)
        set(diff_cases 20000)
    endif()
    foreach(groups basic integer string control x87 mmx sse avx bmi integer,fault all)
        string(REPLACE "," "_" name ${groups})
        add_test(NAME diff.${name} COMMAND ${diff_dir}/run.sh ${guest_host} $<TARGET_FILE:fore>
                                           ${diff_program} ${groups} 1 ${diff_cases})
        set_tests_properties(diff.${name} PROPERTIES LABELS diff TIMEOUT 300)
    endforeach()
endif()

# tests/net/<name>.sh: programs of Debian over the network, run inside by run.sh. They need the root
# file system that the target net_root makes; without it they are skipped.
set(net_dir ${CMAKE_CURRENT_SOURCE_DIR}/net)
set(net_root ${CMAKE_CURRENT_BINARY_DIR}/net/root.tar)
file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/net)
add_custom_target(net_root COMMAND ${net_dir}/root.sh ${net_root} VERBATIM)

if(TARGET fore)
    foreach(name git names pipes python redis rsync ssh tools web)
        add_test(NAME net.${name} COMMAND ${net_dir}/run.sh ${guest_host} $<TARGET_FILE:fore>
                                          ${net_root} ${net_dir}/${name}.sh)
        set_tests_properties(net.${name} PROPERTIES LABELS net TIMEOUT 200 SKIP_RETURN_CODE 77)
    endforeach()
endif()

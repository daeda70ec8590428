# tests/apt: apt inside the default image, with a repository that it reaches over the network of the
# guests.
if(TARGET fore)
    add_test(NAME apt.apt COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/apt/apt.sh $<TARGET_FILE:fore>
                                  ${guest_host})
    set_tests_properties(apt.apt PROPERTIES LABELS apt TIMEOUT 600 SKIP_RETURN_CODE 77)
endif()

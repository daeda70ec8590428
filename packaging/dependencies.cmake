# One target foreland::<name> for each library that comes from outside the tree.
# Linux takes the system's packages; Windows takes what packaging/deps-windows.sh built, at the
# prefix FORELAND_DEPS (by default the cache place that script prints).
find_package(PkgConfig)

function(foreland_dependency name)
    add_library(foreland_${name} INTERFACE)
    add_library(foreland::${name} ALIAS foreland_${name})
    target_link_libraries(foreland_${name} INTERFACE ${ARGN})
endfunction()

if(WIN32)
    if(NOT FORELAND_DEPS)
        execute_process(COMMAND ${CMAKE_SOURCE_DIR}/packaging/deps-windows.sh --path
                        OUTPUT_VARIABLE FORELAND_DEPS OUTPUT_STRIP_TRAILING_WHITESPACE)
    endif()
    if(NOT EXISTS "${FORELAND_DEPS}/complete")
        message(FATAL_ERROR "no Windows libraries at '${FORELAND_DEPS}': "
                            "run packaging/deps-windows.sh first")
    endif()
    foreach(item zydis:Zydis check:check sqlite:sqlite3 sdl2:SDL2 freetype:freetype
                 harfbuzz:harfbuzz png:png16 zlib:z tsm:tsm)
        string(REPLACE ":" ";" item ${item})
        list(GET item 0 name)
        list(GET item 1 file)
        foreland_dependency(${name})
        target_include_directories(foreland_${name} SYSTEM INTERFACE ${FORELAND_DEPS}/include)
        if(EXISTS ${FORELAND_DEPS}/lib/lib${file}.a)
            target_link_libraries(foreland_${name} INTERFACE ${FORELAND_DEPS}/lib/lib${file}.a)
        endif()
    endforeach()
    target_compile_definitions(foreland_zydis INTERFACE ZYDIS_STATIC_BUILD ZYCORE_STATIC_BUILD)
    target_link_libraries(foreland_check INTERFACE shlwapi pthread)
    target_include_directories(foreland_sdl2 SYSTEM INTERFACE ${FORELAND_DEPS}/include/SDL2)
    target_include_directories(foreland_freetype SYSTEM
                               INTERFACE ${FORELAND_DEPS}/include/freetype2)
    target_link_libraries(foreland_freetype INTERFACE foreland::png foreland::zlib)
    target_include_directories(foreland_harfbuzz SYSTEM
                               INTERFACE ${FORELAND_DEPS}/include/harfbuzz)
    target_link_libraries(foreland_harfbuzz INTERFACE foreland::freetype)
    target_link_libraries(foreland_sdl2 INTERFACE user32 gdi32 winmm imm32 ole32 oleaut32 version
                                                  uuid advapi32 setupapi shell32 dinput8)
    foreland_dependency(system ws2_32 iphlpapi winhttp bcrypt synchronization advapi32 ntdll)
    foreland_dependency(app_system dwmapi shell32 comctl32)
else()
    set(THREADS_PREFER_PTHREAD_FLAG ON)
    find_package(Threads REQUIRED)
    find_package(zydis REQUIRED)
    foreland_dependency(zydis Zydis::Zydis)
    foreach(item check:check sqlite:sqlite3 sdl2:sdl2 freetype:freetype2
                 harfbuzz:harfbuzz png:libpng fontconfig:fontconfig tsm:libtsm)
        string(REPLACE ":" ";" item ${item})
        list(GET item 0 name)
        list(GET item 1 module)
        pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
        foreland_dependency(${name} PkgConfig::${name})
    endforeach()
    # FreeType reads pictures in fonts with it; tests keep theirs so.
    target_link_libraries(foreland_freetype INTERFACE foreland::png)
    foreland_dependency(system Threads::Threads m rt)
    foreland_dependency(app_system foreland::fontconfig)
endif()

# cmake -DFOLDER=... -DHOST=... -DOUT=... -P recipe.cmake: writes OUT, a source file with the SHA-256 of
# the sources in FOLDER, their names, and the kind of host (runtime/translate/saved_file.h).
file(GLOB sources RELATIVE ${FOLDER} ${FOLDER}/*.[chS])
list(SORT sources)
set(all "${HOST}")
foreach(source IN LISTS sources)
    file(SHA256 ${FOLDER}/${source} sum)
    string(APPEND all " ${source} ${sum}")
endforeach()
string(SHA256 sum "${all}")
file(WRITE ${OUT} "extern const char saved_recipe[];\nconst char saved_recipe[] = \"${sum}\";\n")

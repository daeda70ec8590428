-- Traces that are made, left, thrown away and made anew; callbacks from C.
local ffi = require("ffi")
ffi.cdef [[void qsort(void *, size_t, size_t, int (*)(const void *, const void *));]]
local bit = require("bit")

local function mixed(list)
    local s = 0
    for i = 1, #list do s = bit.tobit(s * 31 + tonumber(list[i]) + #tostring(list[i])) end
    return s
end

local result = 1
for round = 1, 60 do
    local list = {}
    for i = 1, 500 do list[i] = round % 3 == 0 and tostring(i) or i * round end
    for _ = 1, 40 do result = bit.tobit(result * 17 + mixed(list)) end
    local made = loadstring("local s = 0 for i = 1, 4000 do s = (s * " .. round .. " + i) % 65521 end return s")
    result = bit.tobit(result + made())
    if round % 7 == 0 then jit.flush() end
    if round % 10 == 0 then jit.off() elseif round % 10 == 2 then jit.on() end
end
local compare = ffi.cast("int (*)(const void *, const void *)", function(a, b)
    return ffi.cast("const int *", a)[0] - ffi.cast("const int *", b)[0]
end)
for n = 1, 20 do
    local numbers = ffi.new("int[300]")
    for i = 0, 299 do numbers[i] = (i * 7919 * n) % 100003 end
    jit.off(true, true)
    ffi.C.qsort(numbers, 300, 4, compare)
    result = bit.tobit(result * 3 + numbers[150])
end
compare:free()
print(result)

/* The assembler's view of the state block is the compiler's. */
#include "runtime/translate/stubs.h"

#include "runtime/translate/cpu.h"

#define CHECK(field, off) _Static_assert(offsetof(struct cpu, field) == (off), "offset of " #field)

CHECK(rip, CPU_OFF_RIP);
CHECK(gpr, CPU_OFF_GPR);
CHECK(rflags, CPU_OFF_RFLAGS);
CHECK(window, CPU_OFF_WINDOW);
CHECK(second, CPU_OFF_SECOND);
CHECK(pending, CPU_OFF_PENDING);
CHECK(host_rsp, CPU_OFF_HOST_RSP);
CHECK(exit_slot, CPU_OFF_EXIT);
CHECK(resume, CPU_OFF_RESUME);
CHECK(helper_value, CPU_OFF_VALUE);
CHECK(raw, CPU_OFF_RAW);
CHECK(xsave, CPU_OFF_XSAVE);
CHECK(xmm, CPU_OFF_XMM);
CHECK(light, CPU_OFF_LIGHT);
CHECK(light_mxcsr, CPU_OFF_LIGHT_MXCSR);
CHECK(patience, CPU_OFF_PATIENCE);
_Static_assert(sizeof(struct cpu) == CPU_SIZEOF, "size of the state block");

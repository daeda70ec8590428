/* Faults as vectored exceptions. */
#include "runtime/host/fault.h"
#include "runtime/abi/errno.h"
#include "runtime/host/fault_hooks.h"
#include "runtime/host/thread_native.h"
#include <windows.h>

/* ntstatus.h; #XM arrives as one of these, #MF as one of the EXCEPTION_FLT_ codes. */
#define FLOAT_MULTIPLE_FAULTS 0xC00002B4u
#define FLOAT_MULTIPLE_TRAPS  0xC00002B5u

static void fill_access(struct host_fault *fault, const EXCEPTION_RECORD *record)
{
    ULONG_PTR how = record->NumberParameters > 1 ? record->ExceptionInformation[0] : 0;
    fault->access = how == 1 ? HOST_ACCESS_WRITE : how == 8 ? HOST_ACCESS_EXEC : HOST_ACCESS_READ;
    fault->address = record->NumberParameters > 1 ? record->ExceptionInformation[1] : 0;
    fault->address_valid = true;
}

/* False for what is no fault of the processor's. */
static bool fill_fault(struct host_fault *fault, const EXCEPTION_RECORD *record)
{
    switch (record->ExceptionCode) {
    case EXCEPTION_ACCESS_VIOLATION:
        fill_access(fault, record);
        fault->kind = HOST_FAULT_MEMORY;
        /* A #GP is reported as a read of the last address. */
        if (fault->address == UINT64_MAX) {
            fault->kind = HOST_FAULT_GENERAL;
            fault->address_valid = false;
        }
        return true;
    case EXCEPTION_IN_PAGE_ERROR:
        fill_access(fault, record);
        fault->kind = HOST_FAULT_BUS;
        return true;
    case EXCEPTION_DATATYPE_MISALIGNMENT:
        fault->kind = HOST_FAULT_ALIGN;
        return true;
    case EXCEPTION_ILLEGAL_INSTRUCTION:
        fault->kind = HOST_FAULT_ILLEGAL;
        return true;
    case EXCEPTION_STACK_OVERFLOW: /* Wine's name for #SS, an address through RSP or RBP */
    case EXCEPTION_PRIV_INSTRUCTION:
        fault->kind = HOST_FAULT_GENERAL;
        return true;
    case EXCEPTION_INT_DIVIDE_BY_ZERO:
    case EXCEPTION_INT_OVERFLOW:
        fault->kind = HOST_FAULT_DIVIDE;
        return true;
    case EXCEPTION_FLT_DENORMAL_OPERAND:
    case EXCEPTION_FLT_DIVIDE_BY_ZERO:
    case EXCEPTION_FLT_INEXACT_RESULT:
    case EXCEPTION_FLT_INVALID_OPERATION:
    case EXCEPTION_FLT_OVERFLOW:
    case EXCEPTION_FLT_STACK_CHECK:
    case EXCEPTION_FLT_UNDERFLOW:
        fault->kind = HOST_FAULT_FP;
        return true;
    case FLOAT_MULTIPLE_FAULTS:
    case FLOAT_MULTIPLE_TRAPS:
        fault->kind = HOST_FAULT_SIMD;
        return true;
    case EXCEPTION_SINGLE_STEP:
        fault->kind = HOST_FAULT_STEP;
        return true;
    case EXCEPTION_BREAKPOINT:
        fault->kind = HOST_FAULT_BREAKPOINT;
        return true;
    default:
        return false;
    }
}

static bool describe_exception(struct host_fault *fault, const EXCEPTION_POINTERS *pointers)
{
    *fault = (struct host_fault){.rip = pointers->ContextRecord->Rip,
                                 .rsp = pointers->ContextRecord->Rsp,
                                 .rflags = pointers->ContextRecord->EFlags};
    return fill_fault(fault, pointers->ExceptionRecord);
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *pointers)
{
    /* The guest's alignment check flag may still be set: compiled code may misalign. */
    __asm__ volatile("pushfq\n\t"
                     "andl $~0x40000, (%%rsp)\n\t"
                     "popfq" ::
                         : "cc", "memory");
    struct host_fault fault;
    if (!describe_exception(&fault, pointers))
        return EXCEPTION_CONTINUE_SEARCH;
    fault.thread = host_native_self();
    uint64_t rip = host_fault_offer(&fault);
    if (!rip)
        return EXCEPTION_CONTINUE_SEARCH;
    pointers->ContextRecord->Rip = rip;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Only now is it sure that nobody wanted the fault. */
static LONG CALLBACK on_unhandled(EXCEPTION_POINTERS *pointers)
{
    struct host_fault fault;
    if (describe_exception(&fault, pointers))
        host_fault_report(&fault);
    TerminateProcess(GetCurrentProcess(), pointers->ExceptionRecord->ExceptionCode);
    return EXCEPTION_CONTINUE_SEARCH;
}

int host_fault_install(void)
{
    host_thread_self();
    if (!AddVectoredExceptionHandler(1, on_exception))
        return -L_ENOMEM;
    SetUnhandledExceptionFilter(on_unhandled);
    return 0;
}

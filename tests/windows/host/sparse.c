/*
 * Holes of files as NTFS has them, and FAT has not; Wine knows none of the three requests. A sparse
 * file has room in units of 64 KiB: what lies in one that was never written, or of which zeros took
 * all, has none. The list of ranges is as long as the caller's room, and one that is not whole is
 * an error with what fits. A range may be told from its beginning, or from where one asked.
 *
 * wrap: DeviceIoControl GetVolumeInformationByHandleW GetFileInformationByHandleEx WriteFile
 */
#include "runtime/host/sparse.h"

#include "runtime/abi/errno.h"
#include "tests/unit/run.h"
#include "tests/windows/host/shim.h"
#include <check.h>
#include <string.h>
#include <winioctl.h>

#define PLAYED(name)                                                                               \
    static __typeof__(name) shim_##name;                                                           \
    SHIM(name)

PLAYED(DeviceIoControl);
PLAYED(GetVolumeInformationByHandleW);
PLAYED(GetFileInformationByHandleEx);
PLAYED(WriteFile);

#define UNIT  0x10000
#define UNITS 16
#define NAME  "windows_sparse.tmp"

/* How the file system behaves. */
static struct {
    bool fat;
    bool whole_ranges; /* told from their beginning to their end */
    bool single_units; /* told as several, though they touch */
    DWORD zero_error;
} behaviour;

/* The one file that is played. */
static struct host_file *file;
static bool sparse, room[UNITS + 1];
static unsigned zeroed;

static int64_t size_of_file(HANDLE handle)
{
    LARGE_INTEGER size;
    ck_assert(GetFileSizeEx(handle, &size));
    return size.QuadPart;
}

static BOOL refuse(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

static BOOL WINAPI shim_WriteFile(HANDLE handle, LPCVOID bytes, DWORD n, LPDWORD put,
                                  LPOVERLAPPED at)
{
    if (at && n)
        for (DWORD unit = at->Offset / UNIT; unit <= (at->Offset + n - 1) / UNIT; unit++)
            if (unit < UNITS)
                room[unit] = true;
    return REAL(WriteFile)(handle, bytes, n, put, at);
}

static BOOL WINAPI shim_GetVolumeInformationByHandleW(HANDLE handle, LPWSTR name, DWORD name_size,
                                                      LPDWORD serial, LPDWORD longest,
                                                      LPDWORD flags, LPWSTR system,
                                                      DWORD system_size)
{
    (void)handle, (void)name, (void)name_size, (void)serial, (void)longest, (void)system;
    (void)system_size;
    *flags =
        behaviour.fat ? FILE_UNICODE_ON_DISK : FILE_UNICODE_ON_DISK | FILE_SUPPORTS_SPARSE_FILES;
    return TRUE;
}

static BOOL WINAPI shim_GetFileInformationByHandleEx(HANDLE handle, FILE_INFO_BY_HANDLE_CLASS class,
                                                     LPVOID data, DWORD size)
{
    BOOL ok = REAL(GetFileInformationByHandleEx)(handle, class, data, size);
    if (ok && class == FileBasicInfo && sparse)
        ((FILE_BASIC_INFO *)data)->FileAttributes |= FILE_ATTRIBUTE_SPARSE_FILE;
    return ok;
}

/* The unit where a range that begins in one ends. */
static int64_t end_of_range(int64_t unit)
{
    int64_t end = unit + 1;
    while (!behaviour.single_units && room[end])
        end++;
    return end;
}

static BOOL query_ranges(HANDLE handle, const FILE_ALLOCATED_RANGE_BUFFER *asked,
                         FILE_ALLOCATED_RANGE_BUFFER *to, DWORD size, DWORD *got)
{
    int64_t from = asked->FileOffset.QuadPart, end = from + asked->Length.QuadPart;
    DWORD fits = size / sizeof(*to), count = 0;
    int64_t file_size = size_of_file(handle);
    *got = 0;
    if (from < 0 || asked->Length.QuadPart < 0)
        return refuse(ERROR_INVALID_PARAMETER);
    if (end > file_size)
        end = file_size;
    for (int64_t unit = from / UNIT; unit * UNIT < end;) {
        int64_t next = sparse ? end_of_range(unit) : (end + UNIT - 1) / UNIT;
        if (sparse && !room[unit]) {
            unit++;
            continue;
        }
        int64_t first = unit * UNIT, last = next * UNIT;
        if (!behaviour.whole_ranges) {
            first = first < from ? from : first;
            last = last > end ? end : last;
        }
        if (count == fits)
            return refuse(count ? ERROR_MORE_DATA : ERROR_INSUFFICIENT_BUFFER);
        to[count].FileOffset.QuadPart = first;
        to[count++].Length.QuadPart = last - first;
        *got = count * (DWORD)sizeof(*to);
        unit = next;
    }
    return TRUE;
}

static BOOL set_zeros(HANDLE handle, const FILE_ZERO_DATA_INFORMATION *zeros)
{
    static const char none[UNIT];
    int64_t from = zeros->FileOffset.QuadPart, end = zeros->BeyondFinalZero.QuadPart;
    int64_t size = size_of_file(handle);
    if (behaviour.zero_error)
        return refuse(behaviour.zero_error);
    if (from < 0 || from > end)
        return refuse(ERROR_INVALID_PARAMETER);
    zeroed++;
    for (int64_t unit = from / UNIT; unit * UNIT < end && unit * UNIT < size; unit++) {
        int64_t first = unit * UNIT < from ? from : unit * UNIT;
        int64_t last = (unit + 1) * UNIT > end ? end : (unit + 1) * UNIT;
        OVERLAPPED at = {.Offset = (DWORD)first};
        DWORD put;
        last = last > size ? size : last;
        ck_assert(REAL(WriteFile)(handle, none, (DWORD)(last - first), &put, &at));
        if (sparse && last - first == UNIT)
            room[unit] = false;
    }
    return TRUE;
}

static BOOL WINAPI shim_DeviceIoControl(HANDLE handle, DWORD code, LPVOID in, DWORD in_size,
                                        LPVOID out, DWORD out_size, LPDWORD got,
                                        LPOVERLAPPED overlapped)
{
    ck_assert_ptr_null(overlapped);
    ck_assert_ptr_nonnull(got);
    bool known = code == FSCTL_SET_SPARSE || code == FSCTL_SET_ZERO_DATA ||
                 code == FSCTL_QUERY_ALLOCATED_RANGES;
    if (!known)
        return REAL(DeviceIoControl)(handle, code, in, in_size, out, out_size, got, overlapped);
    if (behaviour.fat)
        return refuse(ERROR_INVALID_FUNCTION);
    switch (code) {
    case FSCTL_SET_SPARSE:
        ck_assert_uint_ge(in_size, sizeof(FILE_SET_SPARSE_BUFFER));
        sparse = ((FILE_SET_SPARSE_BUFFER *)in)->SetSparse;
        return TRUE;
    case FSCTL_SET_ZERO_DATA:
        ck_assert_uint_ge(in_size, sizeof(FILE_ZERO_DATA_INFORMATION));
        return set_zeros(handle, in);
    default:
        ck_assert_uint_ge(in_size, sizeof(FILE_ALLOCATED_RANGE_BUFFER));
        return query_ranges(handle, in, out, out_size, got);
    }
}

/* A file with as many units of data, and nothing in it is sparse. */
static void begin(unsigned units)
{
    static char bytes[UNIT];
    memset(&behaviour, 0, sizeof(behaviour));
    memset(room, 0, sizeof(room));
    memset(bytes, 'x', sizeof(bytes));
    sparse = false;
    zeroed = 0;
    ck_assert_int_eq(
        host_file_open(NAME,
                       HOST_FILE_READ | HOST_FILE_WRITE | HOST_FILE_CREATE | HOST_FILE_TRUNCATE,
                       0644, &file),
        0);
    for (unsigned i = 0; i < units; i++)
        ck_assert_int_eq(host_file_write(file, bytes, UNIT, (uint64_t)i * UNIT), UNIT);
}

static void end(void)
{
    host_file_close(file);
    ck_assert_int_eq(host_path_unlink(NAME), 0);
}

static bool is_filled(uint64_t at, size_t n, char byte)
{
    static char bytes[UNITS * UNIT];
    ck_assert_int_eq(host_file_read(file, bytes, n, at), (int64_t)n);
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != byte)
            return false;
    return true;
}

static int64_t data(uint64_t at)
{
    return host_file_seek(file, at, false);
}

static int64_t hole(uint64_t at)
{
    return host_file_seek(file, at, true);
}

static int punch(uint64_t at, uint64_t n)
{
    return host_file_room(file, HOST_ROOM_PUNCH, at, n);
}

/* Units 2, 3 and 6 of eight are given back. */
static void expect_holes(void)
{
    ck_assert_int_eq(data(0), 0);
    ck_assert_int_eq(hole(0), 2 * UNIT);
    ck_assert_int_eq(hole(UNIT + 5), 2 * UNIT);
    ck_assert_int_eq(data(UNIT + 5), UNIT + 5);
    ck_assert_int_eq(data(2 * UNIT), 4 * UNIT);
    ck_assert_int_eq(data(3 * UNIT + 7), 4 * UNIT);
    ck_assert_int_eq(hole(3 * UNIT + 7), 3 * UNIT + 7);
    ck_assert_int_eq(hole(4 * UNIT + 1), 6 * UNIT);
    ck_assert_int_eq(data(6 * UNIT + 9), 7 * UNIT);
    ck_assert_int_eq(hole(7 * UNIT), 8 * UNIT);
    ck_assert_int_eq(data(8 * UNIT), -L_ENXIO);
    ck_assert_int_eq(hole(8 * UNIT), -L_ENXIO);
    ck_assert_int_eq(hole((uint64_t)1 << 63), -L_ENXIO);
}

START_TEST(holes_are_found_however_ranges_are_told)
{
    for (unsigned way = 0; way < 4; way++) {
        begin(8);
        ck_assert_int_eq(punch(2 * UNIT, 2 * UNIT), 0);
        ck_assert_int_eq(punch(6 * UNIT, UNIT), 0);
        behaviour.whole_ranges = way & 1;
        behaviour.single_units = way & 2;
        expect_holes();
        end();
    }
}
END_TEST

START_TEST(the_end_is_a_hole)
{
    begin(2);
    ck_assert_int_eq(data(0), 0);
    ck_assert_int_eq(hole(0), 2 * UNIT);
    ck_assert_int_eq(punch(0, 1), 0);
    ck_assert_int_eq(host_file_truncate(file, 5 * UNIT + 100), 0);
    ck_assert_int_eq(hole(0), 2 * UNIT);
    ck_assert_int_eq(hole(4 * UNIT), 4 * UNIT);
    ck_assert_int_eq(data(2 * UNIT), -L_ENXIO);
    ck_assert_int_eq(host_file_write(file, "x", 1, 5 * UNIT + 99), 1);
    behaviour.whole_ranges = true;
    ck_assert_int_eq(data(2 * UNIT), 5 * UNIT);
    ck_assert_int_eq(hole(5 * UNIT), 5 * UNIT + 100);
    end();
}
END_TEST

START_TEST(punching_zeros_exactly_and_frees_whole_units)
{
    begin(4);
    ck_assert_int_eq(punch(100, 2 * UNIT), 0);
    ck_assert(sparse);
    ck_assert(room[0] && !room[1] && room[2] && room[3]);
    ck_assert(is_filled(0, 100, 'x'));
    ck_assert(is_filled(100, 2 * UNIT, 0));
    ck_assert(is_filled(2 * UNIT + 100, 2 * UNIT - 100, 'x'));
    ck_assert_int_eq(hole(0), UNIT);
    end();
}
END_TEST

START_TEST(punching_leaves_the_size)
{
    struct host_stat st;
    begin(2);
    ck_assert_int_eq(punch(UNIT, 100 * UNIT), 0);
    ck_assert_int_eq(punch(50 * UNIT, UNIT), 0);
    ck_assert_uint_eq(zeroed, 1);
    ck_assert_int_eq(host_file_fstat(file, &st), 0);
    ck_assert_uint_eq(st.size, 2 * UNIT);
    ck_assert(is_filled(UNIT, UNIT, 0));
    end();
}
END_TEST

START_TEST(sparse_files_set_no_room_aside)
{
    struct host_stat st;
    begin(2);
    ck_assert_int_eq(host_file_room(file, HOST_ROOM_EXTEND, 0, 3 * UNIT), 0);
    ck_assert_int_eq(punch(0, UNIT), 0);
    ck_assert_int_eq(host_file_room(file, HOST_ROOM_EXTEND, 0, 4 * UNIT), -L_EOPNOTSUPP);
    ck_assert_int_eq(host_file_room(file, HOST_ROOM_KEEP, 0, UNIT), -L_EOPNOTSUPP);
    ck_assert_int_eq(host_file_fstat(file, &st), 0);
    ck_assert_uint_eq(st.size, 3 * UNIT);
    end();
}
END_TEST

START_TEST(fat_has_no_holes)
{
    begin(2);
    behaviour.fat = true;
    ck_assert_int_eq(punch(0, UNIT), -L_EOPNOTSUPP);
    ck_assert(is_filled(0, 2 * UNIT, 'x'));
    ck_assert_int_eq(data(5), 5);
    ck_assert_int_eq(hole(5), 2 * UNIT);
    ck_assert_int_eq(data(2 * UNIT), -L_ENXIO);
    end();
}
END_TEST

START_TEST(errors_of_zeros)
{
    begin(1);
    behaviour.zero_error = ERROR_NOT_SUPPORTED;
    ck_assert_int_eq(punch(0, UNIT), -L_EOPNOTSUPP);
    behaviour.zero_error = ERROR_DISK_FULL;
    ck_assert_int_eq(punch(0, UNIT), -L_ENOSPC);
    behaviour.zero_error = ERROR_ACCESS_DENIED;
    ck_assert_int_eq(punch(0, UNIT), -L_EACCES);
    end();
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("sparse");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, holes_are_found_however_ranges_are_told);
    tcase_add_test(tcase, the_end_is_a_hole);
    tcase_add_test(tcase, punching_zeros_exactly_and_frees_whole_units);
    tcase_add_test(tcase, punching_leaves_the_size);
    tcase_add_test(tcase, sparse_files_set_no_room_aside);
    tcase_add_test(tcase, fat_has_no_holes);
    tcase_add_test(tcase, errors_of_zeros);
    return unit_run("windows sparse", tcase);
}

/* What the sequences do: one function each, named in the table of sequences.c. All have the
 * same shape, so that the table can hold them. */
#ifndef TERM_VT_ACTS_H
#define TERM_VT_ACTS_H

#include "term/screen/state.h"

/* cursor.c */
action act_cursor_up, act_cursor_down, act_cursor_right, act_cursor_left, act_next_line,
    act_previous_line, act_cursor_position, act_column, act_row, act_column_relative,
    act_row_relative, act_tab_forward, act_tab_back, act_tab_set, act_tab_clear, act_tabs_default,
    act_cursor_save, act_cursor_restore, act_index, act_reverse_index, act_next_row, act_margins,
    act_side_margins, act_cursor_style;
/* edit.c */
action act_erase_display, act_selective_erase_display, act_erase_line, act_selective_erase_line,
    act_erase_characters, act_insert_characters, act_delete_characters, act_insert_lines,
    act_delete_lines, act_scroll_up, act_scroll_down, act_insert_columns, act_delete_columns,
    act_scroll_left, act_scroll_right, act_back_index, act_forward_index, act_alignment,
    act_line_size;
/* modes.c */
action act_mode_set, act_mode_clear, act_mode_save, act_mode_restore, act_mode_report,
    act_keypad_application, act_keypad_numeric;
/* print.c */
action act_repeat;
/* rectangle.c */
action act_erase_rectangle, act_selective_erase_rectangle, act_fill_rectangle, act_copy_rectangle,
    act_change_attributes, act_reverse_attributes, act_attribute_extent, act_checksum_extension,
    act_checksum, act_report_graphics;
/* reports.c */
action act_device_attributes, act_device_attributes_2, act_device_attributes_3, act_version,
    act_parameters, act_status, act_status_dec, act_presentation, act_preferred_charset,
    act_displayed_extent, act_window, act_title_modes, act_columns_per_page, act_rows_per_screen;
/* sequences.c */
action act_designate, act_shift, act_guard_begin, act_guard_end;
/* sgr.c */
action act_graphics, act_protect, act_push_graphics, act_pop_graphics;
/* reset.c */
action act_soft_reset, act_hard_reset, act_level, act_c1_7bit, act_c1_8bit;

#endif

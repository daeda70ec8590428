/* Sequences that choose how keys are encoded (term_key). */
#ifndef TERM_INPUT_KEYBOARD_H
#define TERM_INPUT_KEYBOARD_H

#include "term/screen/state.h"

action act_modify_keys, act_modify_keys_report, act_format_keys, act_format_keys_report,
    act_keyboard_push, act_keyboard_pop, act_keyboard_set, act_keyboard_report;

#endif

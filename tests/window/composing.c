/*
 * An input method for tests, as IBus is seen through its portal on D-Bus. Letters compose: each is
 * shown in its full width. The space bar commits the text, Escape drops it. While something is
 * composed every other key is kept, and releases are as well, also those of modifiers. Each place
 * of the cursor it is told is a line "X Y WIDTH HEIGHT" of the standard output.
 */
#include <dbus/dbus.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CONTEXT      "/org/freedesktop/IBus/InputContext_1"
#define INTERFACE    "org.freedesktop.IBus.InputContext"
#define RELEASED     (1u << 30)
#define COMMANDS     (1u << 2 | 1u << 3 | 1u << 6) /* Control, Mod1, Mod4 */
#define FULL_WIDTH_A 0xff41
#define LETTERS_MAX  64

enum { KEY_ESCAPE = 0xff1b, KEY_SHIFT = 0xffe1, KEY_HYPER = 0xffee };

static DBusConnection *bus;
static char composed[LETTERS_MAX * 3 + 1];
static dbus_uint32_t letters;

/* A variant with (sa{sv}sv), IBus' form of a text; its attributes have none. */
static void add_object(DBusMessageIter *to, const char *name, const char *text)
{
    DBusMessageIter variant, object, list;
    const char *signature = text ? "(sa{sv}sv)" : "(sa{sv}av)";
    dbus_message_iter_open_container(to, DBUS_TYPE_VARIANT, signature, &variant);
    dbus_message_iter_open_container(&variant, DBUS_TYPE_STRUCT, NULL, &object);
    dbus_message_iter_append_basic(&object, DBUS_TYPE_STRING, &name);
    dbus_message_iter_open_container(&object, DBUS_TYPE_ARRAY, "{sv}", &list);
    dbus_message_iter_close_container(&object, &list);
    if (text) {
        dbus_message_iter_append_basic(&object, DBUS_TYPE_STRING, &text);
        add_object(&object, "IBusAttrList", NULL);
    } else {
        dbus_message_iter_open_container(&object, DBUS_TYPE_ARRAY, "v", &list);
        dbus_message_iter_close_container(&object, &list);
    }
    dbus_message_iter_close_container(&variant, &object);
    dbus_message_iter_close_container(to, &variant);
}

static void tell(const char *what, bool preedit)
{
    DBusMessage *signal = dbus_message_new_signal(CONTEXT, INTERFACE, what);
    DBusMessageIter args;
    dbus_message_iter_init_append(signal, &args);
    add_object(&args, "IBusText", composed);
    if (preedit) {
        dbus_bool_t visible = letters > 0;
        dbus_message_iter_append_basic(&args, DBUS_TYPE_UINT32, &letters);
        dbus_message_iter_append_basic(&args, DBUS_TYPE_BOOLEAN, &visible);
    }
    dbus_connection_send(bus, signal, NULL);
    dbus_message_unref(signal);
}

static void drop(void)
{
    letters = 0;
    composed[0] = 0;
    tell("UpdatePreeditText", true);
}

static void compose(char letter)
{
    unsigned code = FULL_WIDTH_A + (unsigned)(letter - 'a');
    if (letters == LETTERS_MAX)
        return;
    char *to = composed + 3 * letters++;
    to[0] = (char)(0xe0 | code >> 12);
    to[1] = (char)(0x80 | (code >> 6 & 0x3f));
    to[2] = (char)(0x80 | (code & 0x3f));
    to[3] = 0;
    tell("UpdatePreeditText", true);
}

/* Whether the key is kept. */
static bool key(dbus_uint32_t keysym, dbus_uint32_t state)
{
    bool composing = letters > 0;
    if (state & RELEASED)
        return composing;
    if (keysym >= KEY_SHIFT && keysym <= KEY_HYPER)
        return false;
    if (keysym >= 'a' && keysym <= 'z' && !(state & COMMANDS)) {
        compose((char)keysym);
        return true;
    }
    if (composing && keysym == ' ')
        tell("CommitText", false);
    if (composing && (keysym == ' ' || keysym == KEY_ESCAPE))
        drop();
    return composing;
}

static DBusMessage *answer(DBusMessage *call)
{
    DBusMessage *reply = dbus_message_new_method_return(call);
    const char *path = CONTEXT;
    if (dbus_message_has_member(call, "CreateInputContext")) {
        dbus_message_append_args(reply, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID);
    } else if (dbus_message_has_member(call, "ProcessKeyEvent")) {
        dbus_uint32_t keysym = 0, code = 0, state = 0;
        dbus_message_get_args(call, NULL, DBUS_TYPE_UINT32, &keysym, DBUS_TYPE_UINT32, &code,
                              DBUS_TYPE_UINT32, &state, DBUS_TYPE_INVALID);
        dbus_bool_t kept = key(keysym, state);
        dbus_message_append_args(reply, DBUS_TYPE_BOOLEAN, &kept, DBUS_TYPE_INVALID);
    } else if (dbus_message_has_member(call, "SetCursorLocation")) {
        dbus_int32_t at[4] = {0};
        dbus_message_get_args(call, NULL, DBUS_TYPE_INT32, &at[0], DBUS_TYPE_INT32, &at[1],
                              DBUS_TYPE_INT32, &at[2], DBUS_TYPE_INT32, &at[3], DBUS_TYPE_INVALID);
        printf("%d %d %d %d\n", at[0], at[1], at[2], at[3]);
        fflush(stdout);
    }
    return reply;
}

int main(void)
{
    bus = dbus_bus_get(DBUS_BUS_SESSION, NULL);
    if (!bus || dbus_bus_request_name(bus, "org.freedesktop.portal.IBus", 0, NULL) !=
                    DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER)
        return 1;
    puts("ready");
    fflush(stdout);
    while (dbus_connection_read_write(bus, -1)) {
        DBusMessage *call;
        while ((call = dbus_connection_pop_message(bus))) {
            if (dbus_message_get_type(call) == DBUS_MESSAGE_TYPE_METHOD_CALL) {
                DBusMessage *reply = answer(call);
                dbus_connection_send(bus, reply, NULL);
                dbus_message_unref(reply);
            }
            dbus_message_unref(call);
        }
    }
    return 0;
}

/*
 * --control: drives the window by lines on the standard input, as a user would by keys and mouse,
 * and answers on the standard output: "ok", or "error" and why. For tests and accessibility.
 *
 *   wait TEXT            until the screen shows it; gone TEXT: until it does not
 *   deadline SECONDS     how long those may take (20)
 *   type TEXT            characters, through the window's text events
 *   key NAME             ctrl+c, shift+PageUp, alt+x, Return, F5 ... (names of SDL)
 *   time NAME [TEXT]     presses the key and waits for TEXT, or until what it does has been drawn:
 *                        "ok MILLISECONDS"
 *   flow BYTES           until the terminal has taken so many bytes more from programs
 *   press N ROW COLUMN   mouse button N; release, move likewise; [CLICKS] after press
 *   wheel up|down
 *   cell ROW COLUMN      "cell X Y": the pixel in the middle of a cell
 *   size ROWS COLUMNS    of the window, in cells
 *   scale PERCENT        as if the display had it; 0: what it has
 *   text [FILE]          the screen as text: here ("text N" and N lines) or into a file
 *   pixel X Y COLOUR     until the pixel has it (#rrggbb); without one: says "pixel #rrggbb"
 *   picture FILE         the window as PNG
 *   selection [FILE]     the selected text, as text does
 *   opened               the link opened last; from now on links are not opened but told here
 *   compose TEXT         what an input method is composing; nothing: no more
 *   note [TEXT]          until a note over the text says it; nothing: until there is none
 *   sync                 when all events before it have been worked on
 *   state                lines about what is over the text: pointer, link, scrollbar, search (when
 *                        that has ended), composing, question and where its answers are; the size
 *                        of the font, full screen; progress and folder that programs told of,
 *                        how many messages of theirs were shown, the count of results
 *   drop FILE            a file of the host, as if it had been dropped on the window
 *   focus in|out         as if the window got or lost the keyboard
 *   close                as the window's close button
 *
 * TEXT knows \n \r \t \e \\ \" and \xHH. Empty lines and lines with # are skipped.
 */
#ifndef APP_CONTROL_H
#define APP_CONTROL_H

struct window;

/* Starts the thread that reads the lines. 0 or a negative errno. */
int control_start(struct window *w);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * screen.h - the terminal at standard output as one picture that is painted again and again.
 *
 * Written with the escape codes of ECMA-48 and the terminal's second screen (xterm, and all that
 * follow it), so that what was there before is there again at the end, however capos ends, and
 * while it is stopped (Ctrl-Z).  Nothing is read from the terminal; none of its modes is changed.
 */
#ifndef TOOLS_SCREEN_H
#define TOOLS_SCREEN_H

#include "tools/frame.h"

/* Is standard output a terminal that can be painted on? */
bool screen_is_possible(void);

/* Take the terminal over.  screen_end gives it back; so does the end of the program. */
void screen_begin(void);
void screen_end(void);

/* The window now; a usual one where the terminal does not tell. */
struct frame_window screen_window(void);

/* Show `text`, lines of at most the window's size, instead of what is there. */
void screen_paint(const char *text);

#endif /* TOOLS_SCREEN_H */

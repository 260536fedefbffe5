/* SPDX-License-Identifier: MIT */
#include "tools/screen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/cleanup.h"
#include "tools/message.h"

#define USUAL_ROWS 24u
#define USUAL_COLUMNS 80u

#define ESC "\033"
#define SECOND_SCREEN ESC "[?1049h" ESC "[?25l" /* and no cursor */
#define FIRST_SCREEN ESC "[?25h" ESC "[?1049l"
#define TO_TOP ESC "[H"
#define CLEAR_LINE ESC "[K"
#define CLEAR_BELOW ESC "[J"

bool screen_is_possible(void)
{
    const char *kind = getenv("TERM");

    return isatty(STDOUT_FILENO) == 1 && kind != NULL && kind[0] != '\0' &&
           strcmp(kind, "dumb") != 0;
}

/* A terminal that is gone ends the program with SIGHUP or SIGPIPE; nothing to say here. */
static void write_all(const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t written = write(STDOUT_FILENO, text, bytes);

        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return;
        text += written > 0 ? written : 0;
        bytes -= written > 0 ? (size_t)written : 0;
    }
}

/* Stop with the terminal as it was; go on with a picture that the next one completes. */
static void stop(int number)
{
    int saved = errno;

    (void)number;
    write_all(FIRST_SCREEN, strlen(FIRST_SCREEN));
    raise(SIGSTOP);
    write_all(SECOND_SCREEN, strlen(SECOND_SCREEN));
    errno = saved;
}

void screen_begin(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = stop;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    fflush(stdout);
    cleanup_set_text(FIRST_SCREEN);
    write_all(SECOND_SCREEN, strlen(SECOND_SCREEN));
    sigaction(SIGTSTP, &action, NULL);
}

void screen_end(void)
{
    signal(SIGTSTP, SIG_DFL);
    cleanup_set_text(NULL);
    write_all(FIRST_SCREEN, strlen(FIRST_SCREEN));
}

struct frame_window screen_window(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        return (struct frame_window){USUAL_ROWS, USUAL_COLUMNS};
    return (struct frame_window){size.ws_row, size.ws_col};
}

/* All in one write, so that no half picture is seen.  No newline behind the last line: there the
 * picture would move up. */
void screen_paint(const char *text)
{
    char *picture = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&picture, &size);

    if (stream == NULL)
        message_no_memory(sizeof *stream);
    fputs(TO_TOP, stream);
    for (bool is_first = true; *text != '\0'; is_first = false) {
        size_t length = strcspn(text, "\n");

        fprintf(stream, "%s%.*s" CLEAR_LINE, is_first ? "" : "\r\n", (int)length, text);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
    fputs(CLEAR_BELOW, stream);
    if (fclose(stream) != 0)
        message_no_memory(size);
    write_all(picture, size);
    free(picture);
}

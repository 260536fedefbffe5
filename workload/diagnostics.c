/* SPDX-License-Identifier: MIT */
#include "workload/diagnostics.h"

#include <stdarg.h>
#include <stdio.h>

#define DELETE 0x7f

/* A file must not be able to send escape sequences to the terminal. */
static void hide_controls(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < ' ' || byte == DELETE)
            *text = '?';
    }
}

void workload_diagnose(struct workload_diagnostics *d, enum workload_severity severity,
                       struct text_position position, const char *format, ...)
{
    if (severity == WORKLOAD_ERROR)
        d->error_count++;
    if (d->count == WORKLOAD_DIAGNOSTICS_MAX) {
        d->lost_count++;
        return;
    }

    struct workload_diagnostic *item = &d->items[d->count++];
    va_list arguments;

    item->severity = severity;
    item->file = d->file;
    item->position = position;
    va_start(arguments, format);
    vsnprintf(item->text, sizeof item->text, format, arguments);
    va_end(arguments);
    hide_controls(item->text);
}

void workload_diagnostic_format(const struct workload_diagnostic *item, const char *file_name,
                                char *out, size_t size)
{
    const char *kind = item->severity == WORKLOAD_ERROR ? "error" : "note";

    if (item->position.line == 0)
        snprintf(out, size, "%s: %s: %s", file_name, kind, item->text);
    else
        snprintf(out, size, "%s:%u:%u: %s: %s", file_name, item->position.line,
                 item->position.column, kind, item->text);
}

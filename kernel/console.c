/* SPDX-License-Identifier: MIT */
#include "kernel/console.h"

#include "kernel/cap.h"
#include "kernel/lock.h"
#include "kernel/process.h"
#include "kernel/uthread.h"

static struct lock console;

void console_write(const char *text, size_t bytes)
{
    lock_take(&console, LOCK_CONSOLE);
    arch_console_write(text, bytes);
    lock_give(&console, LOCK_CONSOLE);
}

void console_line(const struct fmt *line)
{
    lock_take(&console, LOCK_CONSOLE);
    arch_console_write(line->text, fmt_length(line));
    arch_console_write("\n", 1);
    lock_give(&console, LOCK_CONSOLE);
}

static void result_write(const char *data, size_t bytes)
{
    lock_take(&console, LOCK_CONSOLE);
    arch_result_write(data, bytes);
    lock_give(&console, LOCK_CONSOLE);
}

int64_t console_methods(struct cap_call *call)
{
    char text[CONSOLE_WRITE_BYTES_MAX];
    uint64_t bytes = call->args[1];
    enum status status;

    if (call->method > CONSOLE_RESULT)
        return STATUS_BAD_CAP;
    if (bytes > sizeof(text))
        return STATUS_BAD_ARGUMENT;
    status = vspace_copy_in(&call->thread->process->space, text, call->args[0], bytes);
    if (status != STATUS_OK)
        return status;
    if (call->method == CONSOLE_WRITE)
        console_write(text, bytes);
    else
        result_write(text, bytes);
    return STATUS_OK;
}

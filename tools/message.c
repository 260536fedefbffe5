/* SPDX-License-Identifier: MIT */
#include "tools/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/cleanup.h"
#include "tools/progress.h"

void message(const char *format, ...)
{
    va_list arguments;

    progress_clear();
    cleanup_write_text(); /* else the message would go with the picture it stands in */
    fputs("capos: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void message_no_memory(size_t bytes)
{
    message("no memory for %zu bytes", bytes);
    exit(EXIT_UNUSABLE);
}

void *memory_create(size_t count, size_t size)
{
    void *memory = calloc(count != 0 ? count : 1, size);

    if (memory == NULL)
        message_no_memory(count * size);
    return memory;
}

void *memory_resize(void *memory, size_t count, size_t size)
{
    void *moved = reallocarray(memory, count != 0 ? count : 1, size);

    if (moved == NULL)
        message_no_memory(count * size);
    return moved;
}

/* SPDX-License-Identifier: MIT */
#include "tools/watch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"
#include "tools/frame.h"
#include "tools/message.h"
#include "tools/screen.h"

static uint64_t host_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* A record that was checked when it was taken. */
static const struct snapshot *opened(struct snapshot *snapshot, const struct blob *blob)
{
    if (blob->bytes == 0)
        return NULL;
    if (!snapshot_open(snapshot, blob->data, blob->bytes))
        UNREACHABLE();
    return snapshot;
}

static void paint(struct watch *w)
{
    struct snapshot now, before;
    struct frame frame = {
        .run = &w->run,
        .duration_ns = w->duration_ns,
        .now = opened(&now, &w->newest),
        .before = opened(&before, &w->shown),
    };
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (stream == NULL)
        message_no_memory(sizeof *stream);
    frame_print(&frame, screen_window(), stream);
    if (fclose(stream) != 0)
        message_no_memory(size);
    screen_paint(text);
    free(text);
    blob_fini(&w->shown);
    w->shown = w->newest;
    w->newest = (struct blob){NULL, 0};
    w->is_stale = false;
    w->painted_at_ns = host_ns();
}

void watch_begin(struct watch *watch, const struct run_view *run, uint64_t duration_ns)
{
    *watch = (struct watch){.run = *run, .duration_ns = duration_ns};
    screen_begin();
    paint(watch);
}

void watch_take(struct watch *watch, const unsigned char *record, size_t bytes)
{
    struct snapshot snapshot;

    if (!snapshot_open(&snapshot, record, bytes) ||
        snapshot.header->thread_count != workload_image_threads(watch->run.image) ||
        snapshot.header->cpu_count != watch->run.cpu_count)
        return;
    blob_fini(&watch->newest);
    watch->newest = (struct blob){memory_create(bytes, 1), bytes};
    memcpy(watch->newest.data, record, bytes);
    watch->is_stale = true;
    if (host_ns() - watch->painted_at_ns >= NS_PER_S / WATCH_PER_SECOND_MAX)
        paint(watch);
}

void watch_end(struct watch *watch)
{
    if (watch->is_stale)
        paint(watch);
    screen_end();
    blob_fini(&watch->shown);
    blob_fini(&watch->newest);
}

/* SPDX-License-Identifier: MIT */
#include "tools/follow.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tools/message.h"
#include "tools/stream.h"

#define READ_BYTES (64u << 10)

bool follow_begin(struct follow *follow, const char *directory, const char *name)
{
    *follow = (struct follow){.file = -1};
    return path_join(follow->path, directory, name);
}

void follow_end(struct follow *follow)
{
    if (follow->file >= 0)
        close(follow->file);
    blob_fini(&follow->part);
}

/* Read to the present end of the file, READ_BYTES at most.  Returns how many were read. */
static size_t read_more(struct follow *f)
{
    ssize_t got;

    if (f->file < 0)
        f->file = open(f->path, O_RDONLY | O_CLOEXEC);
    if (f->file < 0)
        return 0;
    if (f->room - f->part.bytes < READ_BYTES) {
        f->room = f->part.bytes + READ_BYTES;
        f->part.data = memory_resize(f->part.data, f->room, 1);
    }
    got = read(f->file, f->part.data + f->part.bytes, READ_BYTES);
    f->part.bytes += got > 0 ? (size_t)got : 0;
    return got > 0 ? (size_t)got : 0;
}

/* Find the newest whole snapshot of what was read: it ends at *end and has *bytes, 0: none. */
static void find_newest(struct follow *f, size_t *end, size_t *bytes)
{
    size_t record_bytes;

    *end = 0;
    *bytes = 0;
    for (;;) { /* at most as many as fit into part.bytes */
        enum stream_kind kind =
            stream_look(f->part.data + *end, f->part.bytes - *end, &record_bytes);

        if (kind != STREAM_SNAPSHOT) {
            f->has_ended = kind != STREAM_PART;
            return;
        }
        *end += record_bytes;
        *bytes = record_bytes;
    }
}

static void forget(struct follow *f, size_t bytes)
{
    f->part.bytes -= bytes;
    memmove(f->part.data, f->part.data + bytes, f->part.bytes);
}

bool follow_look(struct follow *follow, struct blob *record)
{
    size_t kept_bytes = 0, end, bytes;
    unsigned char *kept = NULL;

    while (!follow->has_ended && read_more(follow) > 0) {
        find_newest(follow, &end, &bytes);
        if (bytes == 0)
            continue;
        kept = memory_resize(kept, bytes, 1);
        memcpy(kept, follow->part.data + end - bytes, bytes);
        kept_bytes = bytes;
        forget(follow, end);
    }
    *record = (struct blob){kept, kept_bytes};
    return kept_bytes != 0;
}

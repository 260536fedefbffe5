/* SPDX-License-Identifier: MIT */
/*
 * follow.h - reading the snapshots at the beginning of a result stream while the file grows.
 *
 * Only the newest whole one is of interest; those before it are passed over.  What is no snapshot,
 * the result at last, ends the following.
 */
#ifndef TOOLS_FOLLOW_H
#define TOOLS_FOLLOW_H

#include "tools/file.h"

struct follow {
    char path[FILE_PATH_BYTES_MAX];
    int file; /* -1: it is not there yet */
    bool has_ended;
    struct blob part; /* read, but not a whole record yet */
    size_t room;      /* of part.data */
};

/* false: the path is too long, and said so. */
MUST_USE bool follow_begin(struct follow *follow, const char *directory, const char *name);

/* Read what was added.  The newest whole snapshot into `record`, which the caller gives back
 * (blob_fini); false: there is no new one, and `record` holds nothing. */
MUST_USE bool follow_look(struct follow *follow, struct blob *record);

void follow_end(struct follow *follow);

#endif /* TOOLS_FOLLOW_H */

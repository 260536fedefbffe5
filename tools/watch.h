/* SPDX-License-Identifier: MIT */
/*
 * watch.h - showing a run while it goes on: the newest snapshot, a few times a second.
 *
 * There is one terminal, so at most one run is watched at a time.
 */
#ifndef TOOLS_WATCH_H
#define TOOLS_WATCH_H

#include "tools/file.h"
#include "tools/run_view.h"
#include "tools/stream.h"

#define WATCH_PER_SECOND_MAX 5u

struct watch {
    struct run_view run; /* without a result */
    uint64_t duration_ns;
    struct blob shown;  /* the snapshot painted last */
    struct blob newest; /* the one taken last, which may be the same */
    uint64_t painted_at_ns; /* host time */
    bool is_stale;          /* `newest` was not painted yet */
};

/* Take the terminal over and paint that there is nothing yet.  `run` says who runs where;
 * duration 0: it ends by itself. */
void watch_begin(struct watch *watch, const struct run_view *run, uint64_t duration_ns);

/* Take a snapshot's record; one that is damaged or of another workload is left out.  Paints, if
 * that is due. */
void watch_take(struct watch *watch, const unsigned char *record, size_t bytes);

/* Paint the newest snapshot, if it was not, and give the terminal back. */
void watch_end(struct watch *watch);

#endif /* TOOLS_WATCH_H */

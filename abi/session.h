/* SPDX-License-Identifier: MIT */
/*
 * session.h - sessions, and what the processes of one, or of a service, have used (abi/cap.h).
 *
 * A process belongs to one session for as long as it exists: that of its maker, unless SPAWN names
 * another.  It belongs to one service in the same way: to the n-th of the manifest.
 *
 * SESSIONS
 *   CREATE        Result: a SESSION handle: a session without processes, an object of the caller's.
 *   STAT          args[0] = address of struct cap_total_stat to fill: the caller's session.
 *   SERVICE_STAT  args[0] = number of a service, 0: who is of none; args[1] = address of struct
 *                 cap_total_stat to fill.
 * SESSION
 *   LOGOUT        args[0] = 0.  At once its processes hold nothing of use any more, and what they
 *                 made (memory objects, endpoints, CPU sets, grants, bound lines) is STALE for
 *                 everybody; then they are ended (INFO says so at once).  Completes with OK when
 *                 all are gone, also if it was logged out before.
 *                 Of one's own session: it ends the caller.  The first session has no handle.
 *                 NO_SLOT: too many wait for it already.  CANCEL ends the wait, not the logout;
 *                 revoking the grant that the handle was held under ends neither.
 *   STAT          args[0] = address of struct cap_total_stat to fill, logged out or not.
 *   RELEASE of the handle that CREATE gave lets go of the record: it ends with its last process.
 *   The end of who made it logs it out.  What an ended session used counts for its maker's.
 */
#ifndef ABI_SESSION_H
#define ABI_SESSION_H

#include "abi/process.h"

enum cap_sessions_method { SESSIONS_CREATE = 0, SESSIONS_STAT = 1, SESSIONS_SERVICE_STAT = 2 };
enum cap_session_method { SESSION_LOGOUT = 0, SESSION_STAT = 1 };

/* The sum over processes, those that are gone included; as struct cap_process_stat says. */
struct cap_total_stat {
    struct cap_process_stat threads;
    uint64_t process_count; /* that are not gone */
    uint64_t gone_count;    /* that are */
};

#endif /* ABI_SESSION_H */

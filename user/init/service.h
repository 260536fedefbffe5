/* SPDX-License-Identifier: MIT */
/*
 * service.h - one service: starting it with what the manifest names, and judging its end.
 *
 * A service here has been checked (base/manifest.h).  Whatever goes wrong with it is said on the
 * console in one line, "init: NAME: ...".
 */
#ifndef USER_INIT_SERVICE_H
#define USER_INIT_SERVICE_H

#include "base/manifest.h"

/* SESSION handles by the manifest's numbers; CAP_NONE: init's, or not made yet. */
struct service_sessions {
    uint32_t handles[MANIFEST_SERVICES_MAX + 1];
};

/* Start the service of that number, from 1, in its session, which is made if it is the first there.
 * Returns: its PROCESS handle > 0, or a refusal, with nothing left of it but a session. */
MUST_USE int64_t service_start(const struct manifest_service *service, uint32_t number,
                               struct service_sessions *sessions);

/* Wait for its end.  Returns: whether it exited with 0. */
MUST_USE bool service_wait(const struct manifest_service *service, uint32_t handle);

/* Of a service that nobody waits for: false if it has ended otherwise than with 0. */
MUST_USE bool service_is_well(const struct manifest_service *service, uint32_t handle);

#endif /* USER_INIT_SERVICE_H */

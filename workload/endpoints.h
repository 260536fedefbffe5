/* SPDX-License-Identifier: MIT */
/*
 * endpoints.h - the events capos-call and capos-serve: who calls whom.  Private to the reader.
 *
 *     "capos-call": "e"      "capos-serve": "e"
 *     "capos-serve": {"endpoint": "e", "run": 200, "passive": true}
 *
 * An endpoint comes into being by being named.  It is passive if one of its servers says so, and no
 * other may say the opposite.  Somebody has to call there and somebody to serve, who are not
 * threads of one task: that would wait for itself, sooner or later.
 *
 * Cost: O(1) for each event, O(objects) to settle.
 */
#ifndef WORKLOAD_ENDPOINTS_H
#define WORKLOAD_ENDPOINTS_H

#include "abi/workload.h"
#include "base/types.h"

struct reading;
struct member;

/* Read the event's value; false: it is wrong, and was diagnosed. */
bool endpoints_read_call(struct reading *r, const struct member *m, struct workload_event *event);
bool endpoints_read_serve(struct reading *r, const struct member *m, struct workload_event *event);

/* All tasks are read, without an error: refuse endpoints that nobody calls or serves. */
void endpoints_settle(struct reading *r);

#endif /* WORKLOAD_ENDPOINTS_H */

/* SPDX-License-Identifier: MIT */
/*
 * fault.h - fault endpoints: who is asked when a thread's code faults (abi/fault.h).
 *
 * A server receives there as it receives calls (endpoint.h): what has RECEIVED_FAULT in its status
 * is a fault, and rt_fault_of says which.  It mends what was missing and answers that the thread
 * goes on, or that its process ends.
 */
#ifndef USER_RT_FAULT_H
#define USER_RT_FAULT_H

#include "abi/fault.h"
#include "user/rt/endpoint.h"
#include "user/rt/thread.h"

struct rt_fault {
    uint64_t what;    /* FAULT_* */
    uint64_t address; /* that could not be reached */
    uint64_t pc;
    uint64_t cookie;
};

/* The thread has the endpoint of the CLIENT handle `client` as its fault endpoint from now on, or
 * none if that is CAP_NONE.  `process` is a PROCESS handle, or CAP_NONE for the caller's own; its
 * threads are named by index and generation alone.  Returns: STATUS_OK; a refusal. */
MUST_USE int64_t rt_fault_set(uint32_t process, const struct rt_thread_ref *ref, uint32_t client,
                              uint64_t cookie);

/* What has been received, with RECEIVED_FAULT. */
struct rt_fault rt_fault_of(const struct rt_message *message);

/* Answer the fault received last: its thread goes on; its process ends.  Returns: STATUS_OK;
 * STATUS_STALE: nobody waits any more. */
int64_t rt_fault_resume(void);
int64_t rt_fault_end(void);

/* The former, and then wait for the next message; one system call. */
int64_t rt_fault_resume_receive(uint32_t endpoint, struct rt_message *message);

#endif /* USER_RT_FAULT_H */

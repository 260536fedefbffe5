/* SPDX-License-Identifier: MIT */
/*
 * fault.h - what a fault endpoint is told of a fault in user code, and what it may answer.
 *
 * SET_FAULT of THREADS and of PROCESS (abi/cap.h) gives a thread a fault endpoint: a CLIENT and a
 * cookie; so do the parameters of both SPAWNs.  A fault in its user code is then a call of that
 * CLIENT, which the kernel makes for the thread.  Whoever receives there gets method 0, the
 * CLIENT's badge, the flag RECEIVED_FAULT, which no call or SEND of a program has, and four words:
 *
 *   words[0]  what it was: FAULT_VECTOR, and of a page fault FAULT_READ and further FAULT_* bits
 *   words[1]  the address that could not be reached, as of a page fault; else 0
 *   words[2]  the address of the instruction
 *   words[3]  the cookie
 *
 * The thread waits for the answer like any caller, its registers as they were.  Status 0 with
 * FAULT_RESUME as the first word: it goes on there, so that an instruction that has faulted is
 * tried again, and behind one that traps, as a breakpoint does.  Any other answer,
 * FAULT_END being the one meant for it, ends the thread's process as FAULTED, as a fault does of a
 * thread without a fault endpoint; what PROCESS.INFO says of it is the same.  So does whatever
 * else such a call can end with:
 *   STALE         the endpoint, or the grant that the CLIENT was held under, has been taken away
 *   DISCONNECTED  who received it has ended, or the endpoint's owner
 *   TOO_LONG      who received has no place for four words
 *   NO_SLOT       RING_INFLIGHT_MAX operations of the thread's ring are in flight
 *
 * At a PASSIVE endpoint the faulting thread's context is lent, as by a call with its entry in
 * registers.  A thread that faults while it serves a call serves it still afterwards.  A thread
 * that would have to answer its own fault waits until it is killed.  An address that an entry
 * names is no fault: it is refused BAD_ADDRESS.
 */
#ifndef ABI_FAULT_H
#define ABI_FAULT_H

#include <stdint.h>

#define FAULT_VECTOR(what) ((uint32_t)((what) & 0xffu)) /* the processor's number */
#define FAULT_READ (UINT64_C(1) << 8)     /* a page fault; the access wanted was to read, */
#define FAULT_WRITE (UINT64_C(1) << 9)    /* and to write, */
#define FAULT_EXECUTE (UINT64_C(1) << 10) /* or to execute */
#define FAULT_MAPPED (UINT64_C(1) << 11)  /* something is mapped there, but not for that */

/* Answers.  FAULT_RESUME is nothing that a server sends back by chance. */
#define FAULT_END UINT64_C(0)
#define FAULT_RESUME UINT64_C(0x454d55534552)

#endif /* ABI_FAULT_H */

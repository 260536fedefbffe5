/* SPDX-License-Identifier: MIT */
/* pair.h - what the service and its clients agree on. */
#ifndef EXAMPLES_PAIR_PAIR_H
#define EXAMPLES_PAIR_PAIR_H

#include <capos.h>

/* Methods of the service.  Who calls is known by the badge of its CLIENT. */
enum pair_method {
    PAIR_NAME,  /* words of the message area: the caller's name, NUL behind it */
    PAIR_ADD,   /* word 0: a number.  Answer: word 0 is the caller's total */
    PAIR_TOTALS /* Answer: a VIEW of all totals, uint64_t by badge, for who accepts one */
};

/* Statuses of its answers; 0 is good.  They are 0 or above: negative ones are the kernel's. */
enum pair_status { PAIR_OK, PAIR_UNKNOWN, PAIR_REFUSED };

#define PAIR_CLIENT_COUNT 3u
#define PAIR_NAME_WORDS 4u

/* The slot in which a client process finds its CLIENT. */
#define PAIR_SLOT CAP_SLOT_FIRST_FREE

#endif /* EXAMPLES_PAIR_PAIR_H */

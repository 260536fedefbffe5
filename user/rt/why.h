/* SPDX-License-Identifier: MIT */
/*
 * why.h - a reason in words: the rule's sentence (abi/why.h) with its two numbers.
 *
 *     struct cap_thread_why why;
 *     if (rt_thread_why(CAP_NONE, &ref, &why) == STATUS_OK)
 *         for (uint32_t i = 0; i < why.count; i++)
 *             rt_why_print(&why.reasons[i]);
 */
#ifndef USER_RT_WHY_H
#define USER_RT_WHY_H

#include "abi/why.h"
#include "base/fmt.h"

/* Add the sentence to a text. */
void rt_why_add(struct fmt *f, const struct why *why);

/* A line "# 1234567 ns: the sentence". */
void rt_why_print(const struct why *why);

#endif /* USER_RT_WHY_H */

/* SPDX-License-Identifier: MIT */
#include "kernel/pauses.h"

bool pauses_begin(uint64_t seed)
{
    return seed == 0;
}

void pauses_report(void)
{
}

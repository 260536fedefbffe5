/* SPDX-License-Identifier: MIT */
/* rows_hogs.c - threads that always run, all CPUs allowed: what every other row builds on. */
#include "tests/fairness/row.h"

#define HOGS(n) {{.name = "hog", .count = (n)}}
#define WEIGHTED(n, least, most) \
    {{.name = "hog", .count = (n), .weight = (least), .weight_max = (most)}}

static const struct row rows[] = {
    {.name = "3on2", .about = "3 equal hogs on 2 CPUs", .cpu_count = 2, .groups = HOGS(3)},
    {.name = "5on4", .about = "5 equal hogs on 4 CPUs", .cpu_count = 4, .groups = HOGS(5)},
    {.name = "7on4", .about = "7 equal hogs on 4 CPUs", .cpu_count = 4, .groups = HOGS(7)},
    {.name = "9on8", .about = "9 equal hogs on 8 CPUs", .cpu_count = 8, .groups = HOGS(9)},
    {.name = "12on8", .about = "12 equal hogs on 8 CPUs", .cpu_count = 8, .groups = HOGS(12)},
    {.name = "16on8", .about = "16 equal hogs on 8 CPUs: none need move", .cpu_count = 8,
     .groups = HOGS(16)},
    {.name = "23on8", .about = "23 equal hogs on 8 CPUs", .cpu_count = 8, .groups = HOGS(23)},
    {.name = "20on8w", .about = "20 hogs of weights 1024 * 1..8 on 8 CPUs", .cpu_count = 8,
     .groups = WEIGHTED(20, 1024, 8)},
    {.name = "65on64", .about = "65 equal hogs on 64 CPUs", .cpu_count = 64, .groups = HOGS(65)},
    {.name = "97on64", .about = "97 equal hogs on 64 CPUs", .cpu_count = 64, .groups = HOGS(97)},
    {.name = "150on64w", .about = "150 hogs of weights 1024 * 1..8 on 64 CPUs", .cpu_count = 64,
     .groups = WEIGHTED(150, 1024, 8)},

    /* The referee judges itself: these are fair whatever moves threads between CPUs. */
    {.name = "placed", .about = "2 pinned to each of 8 CPUs, CPU 0 half stolen", .cpu_count = 8,
     .groups = {{.name = "pin", .count = 2, .mask = CPU(0), .copies = 8, .shift = 1}},
     .steals = {{0, MS(5), MS(10)}}},
    {.name = "rotated3on2", .about = "3 hogs on 2, moved round from outside every 5 ms",
     .cpu_count = 2, .groups = HOGS(3), .events = {{EVENT_ROTATE, MS(10), 0, 0, MS(5)}}},
};

const struct row_table rows_hogs = {rows, ARRAY_COUNT(rows)};

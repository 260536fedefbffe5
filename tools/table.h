/* SPDX-License-Identifier: MIT */
/*
 * table.h - text in aligned columns: cells are added row by row, widths are found at the end.
 *
 *     struct table t;
 *     table_init(&t, columns, ARRAY_COUNT(columns));
 *     table_cell(&t, "%s", name);  ...one call per column...
 *     table_print(&t, stdout);
 *     table_fini(&t);
 *
 * Headings have up to TABLE_HEAD_LINES lines, separated by '\n' and set against the rows.
 * Cells are text without control characters; others become '?', so a name from a file cannot steer
 * the terminal.  Widths count UTF-8 characters.
 */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <stdio.h>

#include "base/types.h"

#define TABLE_COLUMNS_MAX 24u
#define TABLE_HEAD_LINES 3u
#define TABLE_CELL_BYTES 96u
#define TABLE_GAP 2u /* spaces between columns */

enum table_side { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
    const char *head;
    enum table_side side;
};

struct table {
    const struct table_column *columns; /* the caller's; must stay */
    uint32_t column_count;
    size_t cell_count;
    size_t cell_room;
    char (*cells)[TABLE_CELL_BYTES];
};

void table_init(struct table *t, const struct table_column *columns, uint32_t column_count);
void table_fini(struct table *t);

/* Fill the next cell, row by row.  Text beyond TABLE_CELL_BYTES - 1 is cut and ends in '~'. */
void table_cell(struct table *t, const char *format, ...) PRINTF_LIKE(2, 3);

/* The next cell as a number (number.h), and as hundredths of a percent; "-" where unknown. */
void table_cell_scaled(struct table *t, int64_t value, unsigned shift, unsigned decimals);
void table_cell_percent(struct table *t, int64_t part, int64_t whole);

/* Print headings and rows; the last row must be complete.  No spaces at line ends. */
void table_print(const struct table *t, FILE *stream);

#endif /* TOOLS_TABLE_H */

/* SPDX-License-Identifier: MIT */
#include "tools/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "abi/result.h"
#include "base/assert.h"
#include "tools/message.h"
#include "tools/number.h"

void table_init(struct table *t, const struct table_column *columns, uint32_t column_count)
{
    ASSERT(column_count > 0);
    ASSERT(column_count <= TABLE_COLUMNS_MAX);
    *t = (struct table){.columns = columns, .column_count = column_count};
}

void table_fini(struct table *t)
{
    free(t->cells);
    *t = (struct table){0};
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0u) == 0x80u;
}

/* Characters, as a terminal counts them for the names that occur. */
static size_t width_of(const char *text, size_t bytes)
{
    size_t width = 0;

    for (size_t i = 0; i < bytes; i++)
        width += is_continuation(text[i]) ? 0 : 1;
    return width;
}

/* Cut before the character that does not fit whole, and show that something is missing. */
static void cut_cell(char *cell)
{
    size_t end = TABLE_CELL_BYTES - 2;

    while (end > 0 && is_continuation(cell[end]))
        end--;
    cell[end] = '~';
    cell[end + 1] = '\0';
}

void table_cell(struct table *t, const char *format, ...)
{
    va_list arguments;
    char *cell;
    int length;

    if (t->cell_count == t->cell_room) {
        t->cell_room += t->cell_room / 2 + t->column_count * (size_t)16;
        t->cells = memory_resize(t->cells, t->cell_room, sizeof *t->cells);
    }
    cell = t->cells[t->cell_count++];
    va_start(arguments, format);
    length = vsnprintf(cell, TABLE_CELL_BYTES, format, arguments);
    va_end(arguments);
    ASSERT(length >= 0);
    if ((size_t)length >= TABLE_CELL_BYTES)
        cut_cell(cell);
    for (char *c = cell; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
}

void table_cell_scaled(struct table *t, int64_t value, unsigned shift, unsigned decimals)
{
    char text[NUMBER_TEXT_BYTES];

    table_cell(t, "%s", number_scaled(text, value, shift, decimals));
}

void table_cell_percent(struct table *t, int64_t part, int64_t whole)
{
    if (part == RESULT_UNKNOWN || whole == RESULT_UNKNOWN || whole <= 0)
        table_cell(t, "-");
    else
        table_cell(t, "%.2f", 100.0 * (double)part / (double)whole);
}

/* Line `number` of a heading: its start, and its length in *bytes (0 if it has fewer lines). */
static const char *head_line(const char *head, uint32_t number, size_t *bytes)
{
    for (uint32_t i = 0; i < number; i++) {
        head += strcspn(head, "\n");
        if (*head == '\n')
            head++;
    }
    *bytes = strcspn(head, "\n");
    return head;
}

static uint32_t head_lines(const char *head)
{
    uint32_t lines = 1;

    for (; *head != '\0'; head++)
        lines += *head == '\n' ? 1 : 0;
    ASSERT(lines <= TABLE_HEAD_LINES);
    return lines;
}

static size_t column_width(const struct table *t, uint32_t column)
{
    size_t widest = 0;
    size_t bytes;

    for (uint32_t line = 0; line < TABLE_HEAD_LINES; line++) {
        const char *text = head_line(t->columns[column].head, line, &bytes);
        size_t width = width_of(text, bytes);

        widest = width > widest ? width : widest;
    }
    for (size_t cell = column; cell < t->cell_count; cell += t->column_count) {
        size_t width = width_of(t->cells[cell], strlen(t->cells[cell]));

        widest = width > widest ? width : widest;
    }
    return widest;
}

/* A line under construction: spaces are owed until text follows, so none end a line. */
struct line {
    FILE *stream;
    size_t owed;
};

static void put_cell(struct line *line, const char *text, size_t bytes, size_t column_width,
                     enum table_side side)
{
    size_t fill = column_width - width_of(text, bytes);

    line->owed += side == TABLE_RIGHT ? fill : 0;
    if (bytes > 0) {
        fprintf(line->stream, "%*s%.*s", (int)line->owed, "", (int)bytes, text);
        line->owed = 0;
    }
    line->owed += side == TABLE_LEFT ? fill : 0;
    line->owed += TABLE_GAP;
}

static void end_line(struct line *line)
{
    fputc('\n', line->stream);
    line->owed = 0;
}

static void print_heads(const struct table *t, const size_t *widths, struct line *line)
{
    uint32_t lines_max = 1;

    for (uint32_t column = 0; column < t->column_count; column++) {
        uint32_t lines = head_lines(t->columns[column].head);

        lines_max = lines > lines_max ? lines : lines_max;
    }
    for (uint32_t number = 0; number < lines_max; number++) {
        for (uint32_t column = 0; column < t->column_count; column++) {
            const struct table_column *c = &t->columns[column];
            uint32_t missing = lines_max - head_lines(c->head); /* empty lines above it */
            size_t bytes = 0;
            const char *text =
                number < missing ? "" : head_line(c->head, number - missing, &bytes);

            put_cell(line, text, bytes, widths[column], c->side);
        }
        end_line(line);
    }
}

void table_print(const struct table *t, FILE *stream)
{
    struct line line = {stream, 0};
    size_t widths[TABLE_COLUMNS_MAX];

    ASSERT(t->cell_count % t->column_count == 0);
    for (uint32_t column = 0; column < t->column_count; column++)
        widths[column] = column_width(t, column);
    print_heads(t, widths, &line);
    for (size_t cell = 0; cell < t->cell_count; cell++) {
        uint32_t column = (uint32_t)(cell % t->column_count);

        put_cell(&line, t->cells[cell], strlen(t->cells[cell]), widths[column],
                 t->columns[column].side);
        if (column + 1 == t->column_count)
            end_line(&line);
    }
}

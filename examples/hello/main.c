/* SPDX-License-Identifier: MIT */
/* main.c - a program for capOS: it speaks, counts with threads, and reads what it may use. */
#include <capos.h>

enum { THREAD_COUNT = 4, TURN_COUNT = 10000 };

static struct rt_mutex guard; /* all zero is free */
static uint32_t sum;          /* under guard */

static int64_t count(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < TURN_COUNT; i++) {
        rt_mutex_lock(&guard);
        sum++;
        rt_mutex_unlock(&guard);
    }
    return 0;
}

/* Returns whether all of them could be made. */
static bool count_with_threads(void)
{
    struct rt_thread_ref threads[THREAD_COUNT];
    uint32_t made = 0;
    int64_t status = STATUS_OK;

    while (made < THREAD_COUNT && status == STATUS_OK) {
        status = rt_thread_spawn(&threads[made], count, NULL, NULL);
        made += status == STATUS_OK;
    }
    for (uint32_t i = 0; i < made; i++)
        rt_thread_join(&threads[i], NULL);
    if (status != STATUS_OK)
        rt_print(status_sentence(status));
    return status == STATUS_OK;
}

static void say(const char *text, uint64_t value)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, text);
    fmt_u64(&line.f, value, 1, ' ');
    rt_line_end(&line);
}

static void say_arguments(void)
{
    uint64_t bytes;
    const char *text = rt_file_map(CAP_ARGUMENTS, &bytes);
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, text == NULL ? "hello" : "hello, ");
    for (uint64_t i = 0; i < bytes; i++)
        fmt_char(&line.f, text[i]);
    rt_line_end(&line);
}

int64_t rt_main(uint64_t argument)
{
    struct ledger_account account;

    (void)argument;
    say_arguments();
    if (!count_with_threads())
        return 1;
    say("counted to ", sum);
    if (rt_ledger_read(&account) != STATUS_OK)
        return 1;
    say("threads used: ", account.rows[LEDGER_THREADS].used);
    say("threads allowed: ", account.rows[LEDGER_THREADS].limit);
    return sum == THREAD_COUNT * TURN_COUNT ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * explorer.c - the command line.
 *
 *   explorer                     every scenario; TAP
 *   explorer SCENARIO...         these
 *   explorer --list              their names and goals
 *   explorer --replay SCENARIO CHOICES   take a path once more and print every access and event
 */
#include "tests/explorer/scenarios.h"

#include <stdlib.h>
#include <string.h>

static struct explore_result result;

static const struct {
    const struct scenario *scenarios;
    const uint32_t *count;
} tables[] = {
    {wake_scenarios, &wake_scenario_count},
    {move_scenarios, &move_scenario_count},
    {poll_scenarios, &poll_scenario_count},
    {lend_scenarios, &lend_scenario_count},
    {turn_scenarios, &turn_scenario_count},
};

static uint32_t scenario_count(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ARRAY_COUNT(tables); i++)
        count += *tables[i].count;
    return count;
}

static const struct scenario *scenario_at(uint32_t i)
{
    uint32_t table = 0;

    for (; i >= *tables[table].count; table++) /* i < scenario_count() */
        i -= *tables[table].count;
    return &tables[table].scenarios[i];
}

static const struct scenario *find(const char *name)
{
    for (uint32_t i = 0; i < scenario_count(); i++)
        if (strcmp(scenario_at(i)->name, name) == 0)
            return scenario_at(i);
    fprintf(stderr, "explorer: no scenario is called \"%s\"; try --list\n", name);
    exit(2);
}

static void print_path(void)
{
    for (uint32_t i = 0; i < result.path_length; i++)
        printf("%s%u", i == 0 ? "" : ",", result.path[i]);
    printf("\n");
}

/* Choices are numbers with commas between them. */
static bool read_path(const char *text)
{
    result.path_length = 0;
    while (*text != '\0' && result.path_length < EXPLORE_DEPTH_MAX) {
        char *end;
        unsigned long choice = strtoul(text, &end, 10);

        if (end == text || choice >= UINT8_MAX || (*end != ',' && *end != '\0'))
            return false;
        result.path[result.path_length++] = (uint8_t)choice;
        text = *end == ',' ? end + 1 : end;
    }
    return *text == '\0';
}

static int replay(const char *name, const char *path)
{
    struct explore_model model = machine_model(find(name));

    if (!read_path(path)) {
        fprintf(stderr, "explorer: a path is a list of numbers with commas between them\n");
        return 2;
    }
    explore_replay(&model, &result, stdout);
    return result.verdict == EXPLORE_HOLDS ? 0 : 1;
}

static bool explore_one(const struct scenario *scenario, uint32_t number)
{
    struct explore_model model = machine_model(scenario);

    explore_run(&model, &result);
    printf("%s %u - %s\n", result.verdict == EXPLORE_HOLDS ? "ok" : "not ok", number,
           scenario->name);
    printf("# %s\n", scenario->goal);
    printf("# %llu states, %llu transitions, %llu ends, depth %u, %llu ms%s\n",
           (unsigned long long)result.state_count, (unsigned long long)result.transition_count,
           (unsigned long long)result.end_count, result.depth_max,
           (unsigned long long)(result.elapsed_ns / NS_PER_MS),
           result.verdict == EXPLORE_BOUNDED ? "; a limit was reached first" : "");
    if (result.verdict == EXPLORE_VIOLATED) {
        printf("# violated: %s\n# replay: --replay %s ", result.message, scenario->name);
        print_path();
    }
    fflush(stdout);
    return result.verdict == EXPLORE_HOLDS;
}

int main(int argument_count, char **arguments)
{
    bool all_hold = true;

    if (argument_count == 2 && strcmp(arguments[1], "--list") == 0) {
        for (uint32_t i = 0; i < scenario_count(); i++)
            printf("%-30s %s\n", scenario_at(i)->name, scenario_at(i)->goal);
        return 0;
    }
    if (argument_count == 4 && strcmp(arguments[1], "--replay") == 0)
        return replay(arguments[2], arguments[3]);

    uint32_t count = argument_count > 1 ? (uint32_t)argument_count - 1 : scenario_count();

    printf("1..%u\n", count);
    for (uint32_t i = 0; i < count; i++)
        all_hold &=
            explore_one(argument_count > 1 ? find(arguments[i + 1]) : scenario_at(i), i + 1);
    return all_hold ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
#include "tools/options.h"

#include <string.h>

#include "abi/stream.h"
#include "tools/histogram.h"
#include "tools/message.h"
#include "tools/number.h"
#include "tools/screen.h"

static void set_cpus(struct options *o, const char *text, struct argp_state *state)
{
    uint64_t value;

    if (!number_parse(text, o->cpus_max, &value) || value == 0)
        argp_error(state, "--cpus %s: expected a number from 1 to %u", text, o->cpus_max);
    else
        o->cpu_count = (uint32_t)value;
}

static void set_seconds(uint64_t *ns, const char *option, const char *text,
                        struct argp_state *state)
{
    if (!number_parse_seconds(text, WORKLOAD_DURATION_NS_MAX, ns))
        argp_error(state, "%s %s: expected seconds, above 0 and up to %llu (3, 0.25)", option, text,
                   (unsigned long long)(WORKLOAD_DURATION_NS_MAX / NS_PER_S));
}

static void set_seed(struct options *o, const char *text, struct argp_state *state)
{
    if (!number_parse(text, UINT64_MAX, &o->seed))
        argp_error(state, "--seed %s: expected a number, decimal or 0x hexadecimal", text);
}

static void set_histogram_us(struct options *o, const char *text, struct argp_state *state)
{
    uint64_t value;

    if (!number_parse(text, STREAM_HISTOGRAM_US_MAX, &value) || value == 0)
        argp_error(state, "--histogram-us %s: expected a number from 1 to %u", text,
                   STREAM_HISTOGRAM_US_MAX);
    else
        o->histogram_us = (uint32_t)value;
}

static void set_machine(struct options *o, const char *text, struct argp_state *state)
{
    static const char *const machines[] = {"microvm", "q35"};

    o->machine = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(machines); i++)
        if (strcmp(text, machines[i]) == 0)
            o->machine = machines[i];
    if (o->machine == NULL)
        argp_error(state, "--machine %s: expected microvm or q35", text);
}

static void set_fifo_as(struct options *o, const char *text, struct argp_state *state)
{
    o->fifo_as = WORKLOAD_FIFO_WEIGHT;
    if (strcmp(text, "context") == 0)
        argp_error(state, "--fifo-as context: there are no contexts yet; expected weight");
    else if (strcmp(text, "weight") != 0)
        argp_error(state, "--fifo-as %s: expected weight", text);
}

static void set_policy(struct options *o, const char *text, struct argp_state *state)
{
    o->is_wfq = strcmp(text, "wfq") == 0;
    if (!o->is_wfq && strcmp(text, "eevdf") != 0)
        argp_error(state, "--policy %s: expected eevdf or wfq", text);
}

void options_add_workload(struct workload_files *files, const char *path, struct argp_state *state)
{
    if (files->count == WORKLOAD_FILES_MAX)
        argp_error(state, "%s: a workload has at most %u files", path, WORKLOAD_FILES_MAX);
    else
        files->paths[files->count++] = path;
}

static void add_program(struct options *o, const char *text, struct argp_state *state)
{
    if (o->programs.count == BOOT_PROGRAMS_MAX)
        argp_error(state, "--program %s: an archive holds at most %u programs", text,
                   BOOT_PROGRAMS_MAX);
    else
        o->programs.given[o->programs.count++] = text;
}

static void check_manifest(const struct options *o, struct argp_state *state)
{
    if (o->programs.count > 0 && o->manifest == NULL)
        argp_error(state, "--program %s: expected a --manifest that says what it may do",
                   o->programs.given[0]);
    if (o->arguments != NULL && (o->manifest == NULL || o->workload.count > 0))
        argp_error(state, "--arguments %s: a workload brings its own; expected a --manifest and no "
                          "workload", o->arguments);
    if (o->manifest != NULL && o->workload.count == 0 &&
        (o->json != NULL || o->duration_ns != 0 || o->histogram != NULL))
        argp_error(state, "--json, --histogram and --duration are about a workload; expected one");
}

static bool is_standard_output(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

static void check_outputs(struct options *o, struct argp_state *state)
{
    if (o->histogram == NULL && o->histogram_us != 0)
        argp_error(state, "--histogram-us is about a histogram; expected --histogram FILE");
    if (o->histogram != NULL && o->histogram_us == 0)
        o->histogram_us = HISTOGRAM_US_DEFAULT;
    if (is_standard_output(o->json) && is_standard_output(o->histogram))
        argp_error(state, "--json and --histogram cannot both have standard output");
}

/* The picture takes standard output and is most of the progress there is. */
static void check_watch(const struct options *o, struct argp_state *state)
{
    if (!o->is_watched)
        return;
    if (o->is_quiet || o->is_verbose || is_standard_output(o->json) ||
        is_standard_output(o->histogram) || is_standard_output(o->events))
        argp_error(state, "--watch has the terminal: nothing else can be shown there (--quiet, "
                          "--verbose, a file that is standard output)");
    if (o->manifest != NULL && o->workload.count == 0)
        argp_error(state, "--watch is about a workload; expected one");
    if (!screen_is_possible())
        argp_error(state, "--watch: expected a terminal at standard output, and its kind in TERM");
}

/* The flag of an option without a value; NULL: it has one, or is no option. */
static bool *flag_of(struct options *o, int key)
{
    switch (key) {
    case OPTION_QUIET:
        return &o->is_quiet;
    case OPTION_VERBOSE:
        return &o->is_verbose;
    case OPTION_CONCURRENT:
        return &o->is_concurrent;
    case OPTION_WATCH:
        return &o->is_watched;
    case OPTION_NO_COSTS:
        return &o->is_costless;
    default:
        return NULL;
    }
}

static error_t parse_key(int key, char *argument, struct argp_state *state)
{
    struct options *o = state->input;
    bool *flag = flag_of(o, key);

    if (flag != NULL) {
        *flag = true;
        return 0;
    }
    switch (key) {
    case OPTION_CPUS:
        set_cpus(o, argument, state);
        return 0;
    case OPTION_DURATION:
        set_seconds(&o->duration_ns, "--duration", argument, state);
        return 0;
    case OPTION_SEED:
        set_seed(o, argument, state);
        return 0;
    case OPTION_HISTOGRAM:
        o->histogram = argument;
        return 0;
    case OPTION_HISTOGRAM_US:
        set_histogram_us(o, argument, state);
        return 0;
    case OPTION_JSON:
        o->json = argument;
        return 0;
    case OPTION_EVENTS:
        o->events = argument != NULL ? argument : "-";
        return 0;
    case OPTION_HANG_LIMIT:
        set_seconds(&o->hang_limit_ns, "--hang-limit", argument, state);
        return 0;
    case OPTION_KEEP:
        o->keep = argument;
        return 0;
    case OPTION_MACHINE:
        set_machine(o, argument, state);
        return 0;
    case OPTION_FIFO_AS:
        set_fifo_as(o, argument, state);
        return 0;
    case OPTION_POLICY:
        set_policy(o, argument, state);
        return 0;
    case OPTION_MANIFEST:
        o->manifest = argument;
        return 0;
    case OPTION_PROGRAM:
        add_program(o, argument, state);
        return 0;
    case OPTION_ARGUMENTS:
        o->arguments = argument;
        return 0;
    case ARGP_KEY_ARG:
        options_add_workload(&o->workload, argument, state);
        return 0;
    case ARGP_KEY_END:
        check_manifest(o, state);
        check_outputs(o, state);
        check_watch(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void options_parse(struct options *options, const struct argp_option *table, const char *about,
                   int argument_count, char **arguments)
{
    struct argp argp = {table, parse_key, "[WORKLOAD...]", about, NULL, NULL, NULL};

    options->cpu_count = OPTIONS_CPUS_DEFAULT;
    options->seed = OPTIONS_SEED_DEFAULT;
    options->machine = OPTIONS_MACHINE_DEFAULT;
    argp_parse(&argp, argument_count, arguments, 0, NULL, options);
}

/* SPDX-License-Identifier: MIT */
/*
 * options.h - the command lines of the commands that run a workload.
 *
 * One parser knows all the options; each command lists those it takes.  A wrong command line ends
 * the program with EXIT_UNUSABLE and a line that says what was expected.
 */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include <argp.h>

#include "abi/workload.h"
#include "base/types.h"
#include "tools/boot.h"
#include "workload/reader.h"

#define OPTIONS_CPUS_DEFAULT 4u
#define OPTIONS_SEED_DEFAULT 1u
#define OPTIONS_MACHINE_DEFAULT "microvm"

/* The files of a workload, in the order in which they were given. */
struct workload_files {
    const char *paths[WORKLOAD_FILES_MAX];
    uint32_t count;
};

struct options {
    struct workload_files workload; /* none: not given */
    const char *manifest; /* NULL: the one that runs a workload */
    struct boot_programs programs; /* for the manifest */
    const char *arguments; /* for the services that hold them; NULL: none */
    uint32_t cpu_count;
    uint32_t cpus_max; /* the command's limit, set before parsing */
    uint64_t duration_ns; /* 0: the workload's own */
    uint64_t seed;
    const char *json;   /* NULL: none; "-": standard output */
    const char *histogram; /* NULL: none; "-": standard output */
    uint32_t histogram_us; /* lines of it; 0: there is none */
    const char *events; /* NULL: none; "-": standard output */
    const char *keep;   /* NULL: nothing is kept */
    const char *machine; /* QEMU's name of it; one of those the kernel knows */
    uint64_t hang_limit_ns; /* 0: the engine's own */
    enum workload_fifo fifo_as; /* what becomes of SCHED_FIFO and SCHED_RR */
    bool is_quiet;
    bool is_verbose;
    bool is_concurrent;
    bool is_watched;  /* shown on the terminal while it goes on */
    bool is_wfq;      /* the simulator's fair class picks by weighted fair queueing */
    bool is_costless; /* the simulator's interrupts take no time */
};

/* Rows of a command's option table; OPTIONS_COMMON holds those that all of them take. */
enum option_key {
    OPTION_CPUS = 'c',
    OPTION_DURATION = 'd',
    OPTION_SEED = 's',
    OPTION_JSON = 'j',
    OPTION_QUIET = 'q',
    OPTION_VERBOSE = 'v',
    OPTION_CONCURRENT = 256,
    OPTION_KEEP,
    OPTION_MACHINE,
    OPTION_HANG_LIMIT,
    OPTION_HISTOGRAM,
    OPTION_HISTOGRAM_US,
    OPTION_EVENTS,
    OPTION_NO_COSTS,
    OPTION_MANIFEST,
    OPTION_PROGRAM,
    OPTION_ARGUMENTS,
    OPTION_WATCH,
    OPTION_FIFO_AS,
    OPTION_POLICY
};

/* What --help shows together, in this order; a row with 0 is with the one before it. */
enum option_group { GROUP_RUN = 1, GROUP_SHOWN, GROUP_QEMU, GROUP_SERVICES };

#define OPTIONS_COMMON                                                                            \
    {NULL, 0, NULL, 0, "The run:", GROUP_RUN},                                                    \
    {"cpus", OPTION_CPUS, "N", 0, "CPUs of the machine (default 4)", GROUP_RUN},                  \
    {"duration", OPTION_DURATION, "SECONDS", 0,                                                   \
     "how long the workload runs, instead of its file's duration", 0},                            \
    {"fifo-as", OPTION_FIFO_AS, "weight", 0,                                                      \
     "run SCHED_FIFO and SCHED_RR with a weight by priority, instead of refusing them", 0},       \
    {"seed", OPTION_SEED, "N", 0, "number that decides what is left open (default 1)", 0},        \
    {NULL, 0, NULL, 0, "What is shown and written:", GROUP_SHOWN},                                \
    {"quiet", OPTION_QUIET, NULL, 0, "print the verdict only: no table, no notes, no progress",   \
     GROUP_SHOWN}

#define OPTIONS_OUTPUT                                                                            \
    {"json", OPTION_JSON, "FILE", 0,                                                              \
     "write the result as JSON (capos-result-1); - is standard output", GROUP_SHOWN},             \
    {"histogram", OPTION_HISTOGRAM, "FILE", 0,                                                    \
     "write the wake latencies as cyclictest's --histogram does; - is standard output", 0},       \
    {"histogram-us", OPTION_HISTOGRAM_US, "N", 0,                                                 \
     "microseconds that the histogram has lines for (default 1000)", 0},                          \
    {"watch", OPTION_WATCH, NULL, 0, "show CPUs and threads on the terminal while it runs", 0}

#define OPTIONS_QEMU                                                                              \
    {"verbose", OPTION_VERBOSE, NULL, 0, "show the kernel's console on standard error",           \
     GROUP_SHOWN},                                                                                \
    {NULL, 0, NULL, 0, "QEMU:", GROUP_QEMU},                                                      \
    {"machine", OPTION_MACHINE, "NAME", 0, "microvm or q35 (default microvm)", GROUP_QEMU},       \
    {"keep", OPTION_KEEP, "DIR", 0, "keep archive, console, result and QEMU's command there", 0}, \
    {"hang-limit", OPTION_HANG_LIMIT, "SECONDS", 0,                                               \
     "processor time, or time without any, after which QEMU is stopped (default 60 and 60 for "   \
     "each second of the workload; 120)", 0}

#define OPTIONS_MANIFEST                                                                          \
    {NULL, 0, NULL, 0, "Services:", GROUP_SERVICES},                                              \
    {"manifest", OPTION_MANIFEST, "FILE", 0,                                                      \
     "start this manifest's services instead of the one that runs a workload; it may name "       \
     "loadgen.elf", GROUP_SERVICES},                                                              \
    {"program", OPTION_PROGRAM, "NAME=PATH", 0,                                                   \
     "another program that the manifest may name; may be given several times", 0},                \
    {"arguments", OPTION_ARGUMENTS, "TEXT", 0,                                                    \
     "what services that hold `arguments' read there", 0}

#define OPTIONS_EXIT_STATUS                                                                       \
    "\n\nExit status: 0 the run's verdict held, 1 it failed, 2 input or machine cannot be used."

/* One file more; ends the program if there are too many. */
void options_add_workload(struct workload_files *files, const char *path,
                          struct argp_state *state);

/*
 * Parse `arguments`, whose first is the command's name as messages show it ("capos run"), or end
 * the program.  `table` ends in an all-zero row; `about` is what --help says first.
 */
void options_parse(struct options *options, const struct argp_option *table, const char *about,
                   int argument_count, char **arguments);

#endif /* TOOLS_OPTIONS_H */

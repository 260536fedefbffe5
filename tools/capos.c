/* SPDX-License-Identifier: MIT */
/* capos.c - the one command line: finds the command and calls it. */
#include <stdlib.h>
#include <string.h>

#include "tools/cleanup.h"
#include "tools/commands.h"

#define COMMAND_NAME_BYTES 32u

const char *argp_program_version = CAPOS_VERSION;

struct command {
    const char *name;
    enum exit_status (*call)(int argument_count, char **arguments);
};

static const struct command commands[] = {
#define COMMAND_ROW(name, what) {#name, capos_##name},
    COMMAND_TABLE(COMMAND_ROW)
#undef COMMAND_ROW
};

static const struct argp_option table[] = {
    {NULL, 0, NULL, 0, "Commands:", 1},
#define COMMAND_HELP(name, what) {#name, 0, NULL, OPTION_DOC, what, 1},
    COMMAND_TABLE(COMMAND_HELP)
#undef COMMAND_HELP
    {0},
};

static const char about[] =
    "capOS: a kernel whose scheduler can be asked what it did.\v"
    "`capos COMMAND --help' shows a command's options; the manual is `man capos'.\n"
    "Exit status: 0 the run's verdict held, 1 it failed, 2 input or machine cannot be used.";

struct choice {
    const struct command *command; /* NULL: none found */
    int index; /* of its name among the arguments */
};

static error_t parse_key(int key, char *argument, struct argp_state *state)
{
    struct choice *choice = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        for (size_t i = 0; i < ARRAY_COUNT(commands); i++)
            if (strcmp(argument, commands[i].name) == 0)
                choice->command = &commands[i];
        if (choice->command == NULL)
            argp_error(state, "%s: no such command", argument);
        choice->index = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_usage(state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argument_count, char **arguments)
{
    static const struct argp argp = {table, parse_key, "COMMAND [ARGUMENT...]", about, NULL, NULL,
                                     NULL};
    static char name[COMMAND_NAME_BYTES];
    struct choice choice = {NULL, 0};

    cleanup_init();
    argp_err_exit_status = EXIT_UNUSABLE;
    argp_parse(&argp, argument_count, arguments, ARGP_IN_ORDER, NULL, &choice);
    if (choice.command == NULL)
        return EXIT_UNUSABLE;
    snprintf(name, sizeof name, "capos %s", choice.command->name);
    arguments[choice.index] = name;
    return (int)choice.command->call(argument_count - choice.index, arguments + choice.index);
}

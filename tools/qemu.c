/* SPDX-License-Identifier: MIT */
#include "tools/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "tools/cleanup.h"
#include "tools/message.h"
#include "tools/progress.h"

#define ARGUMENTS_MAX 48u
#define NUMBER_BYTES 32u
#define LOOK_EVERY_MS 100
#define FORWARD_BYTES 4096u

/* kernel/arch/x86_64/qemu.c writes 0x10 or 0x11 to the exit device, which makes (n << 1) | 1. */
#define EXIT_GUEST_SUCCESS 33
#define EXIT_GUEST_FAILURE 35

struct command {
    const char *arguments[ARGUMENTS_MAX];
    uint32_t count;
    char cpus[NUMBER_BYTES];
    char memory[NUMBER_BYTES];
    char seed[NUMBER_BYTES];
};

static void add(struct command *c, const char *first, const char *second)
{
    ASSERT(c->count + 3 <= ARGUMENTS_MAX);
    c->arguments[c->count++] = first;
    if (second != NULL)
        c->arguments[c->count++] = second;
    c->arguments[c->count] = NULL;
}

/*
 * Deterministic: one host thread runs the CPUs in turn, and the guest's clock counts instructions
 * (1 each) instead of time, also for the real-time clock.  `-seed` fixes what the guest could draw
 * from the processor's random numbers.
 */
static void make_command(struct command *c, const struct qemu_config *config)
{
    *c = (struct command){.count = 0};
    snprintf(c->cpus, sizeof c->cpus, "%u", config->cpu_count);
    snprintf(c->memory, sizeof c->memory, "%u", QEMU_MEMORY_MB);
    snprintf(c->seed, sizeof c->seed, "%llu", (unsigned long long)config->seed);

    add(c, QEMU_PROGRAM, NULL);
    add(c, "-nodefaults", "-no-user-config");
    add(c, "-M", config->machine);
    add(c, "-accel", config->is_concurrent ? "tcg,thread=multi" : "tcg,thread=single");
    if (!config->is_concurrent) {
        add(c, "-icount", "shift=0,sleep=off");
        add(c, "-rtc", "base=2000-01-01,clock=vm");
        add(c, "-seed", c->seed);
    }
    add(c, "-cpu", "max");
    add(c, "-smp", c->cpus);
    add(c, "-m", c->memory);
    add(c, "-display", "none");
    add(c, "-no-reboot", NULL);
    add(c, "-serial", "file:" QEMU_CONSOLE);
    add(c, "-device", "isa-debug-exit,iobase=0xf4,iosize=4");
    add(c, "-chardev", "file,id=result,path=" QEMU_RESULT);
    add(c, "-device", "isa-debugcon,iobase=0xe9,chardev=result");
    add(c, "-kernel", config->kernel);
    add(c, "-initrd", QEMU_ARCHIVE);
}

/* For whoever keeps the directory: the command, one argument a line. */
static bool note_command(const struct command *c, int directory)
{
    int file = openat(directory, QEMU_COMMAND, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (file < 0)
        return false;
    for (uint32_t i = 0; i < c->count; i++)
        dprintf(file, "%s\n", c->arguments[i]);
    return close(file) == 0;
}

/* In the child: become QEMU, or tell the parent through `pipe_end` why not. */
NORETURN static void become_qemu(const struct command *c, int directory, int pipe_end,
                                 pid_t parent)
{
    char *arguments[ARGUMENTS_MAX];
    int nothing, messages, trouble;

    memcpy(arguments, c->arguments, sizeof arguments);
    setpgid(0, 0); /* a Ctrl-C at the terminal is capos's to handle */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_UNUSABLE);
    nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0 && fchdir(directory) == 0) {
        messages = open(QEMU_MESSAGES, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (messages >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
            dup2(messages, STDOUT_FILENO) >= 0 && dup2(messages, STDERR_FILENO) >= 0)
            execvp(arguments[0], arguments);
    }
    trouble = errno;
    if (write(pipe_end, &trouble, sizeof trouble) < 0)
        _exit(EXIT_FAILED);
    _exit(EXIT_UNUSABLE);
}

/* Returns the process, or 0 with *trouble = errno. */
static pid_t start(const struct command *c, int directory, int *trouble)
{
    pid_t parent = getpid();
    int ends[2];
    pid_t child;
    ssize_t got;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        *trouble = errno;
        return 0;
    }
    child = fork();
    if (child == 0)
        become_qemu(c, directory, ends[1], parent);
    *trouble = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return 0;
    }
    cleanup_set_child(child);
    got = read(ends[0], trouble, sizeof *trouble); /* ends at exec, which closes the other end */
    close(ends[0]);
    if (got <= 0)
        return child;
    cleanup_set_child(0);
    waitpid(child, NULL, 0);
    return 0;
}

static uint64_t host_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Processor time that `child` has used, in ns; 0 where /proc does not tell. */
static uint64_t cpu_time_ns(pid_t child)
{
    long per_second = sysconf(_SC_CLK_TCK);
    char path[NUMBER_BYTES], text[1024];
    unsigned long long user = 0, system = 0;
    const char *behind_name;
    FILE *stream;
    size_t bytes;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
    stream = fopen(path, "re");
    if (stream == NULL)
        return 0;
    bytes = fread(text, 1, sizeof text - 1, stream);
    fclose(stream);
    text[bytes] = '\0';
    behind_name = strrchr(text, ')');
    if (behind_name == NULL || per_second <= 0 ||
        sscanf(behind_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
               &system) != 2)
        return 0;
    return (user + system) * (NS_PER_S / (uint64_t)per_second);
}

struct watch {
    const struct qemu_config *config;
    pid_t child;
    int console; /* to forward from, or -1 */
    bool has_booted;
    uint64_t cpu_ns;
    uint64_t moved_at_ns; /* host time when cpu_ns last grew */
};

/* How much processor time QEMU may use, and how long it may use none. */
static void find_limits(const struct qemu_config *config, uint64_t *busy_ns, uint64_t *idle_ns)
{
    *busy_ns = QEMU_ENDLESS_S * NS_PER_S;
    *idle_ns = QEMU_IDLE_S * NS_PER_S;
    if (config->duration_ns != 0)
        *busy_ns = QEMU_START_S * NS_PER_S + QEMU_CPU_S_PER_S * config->duration_ns;
    if (config->is_concurrent) {
        *busy_ns *= config->cpu_count;
        *idle_ns += config->duration_ns != 0 ? config->duration_ns : *busy_ns;
    }
    if (config->hang_limit_ns != 0) {
        *busy_ns = config->hang_limit_ns;
        *idle_ns = config->hang_limit_ns;
    }
}

static bool is_hung(struct watch *w)
{
    uint64_t now_ns = host_ns();
    uint64_t cpu_ns = cpu_time_ns(w->child);
    uint64_t limit_ns, idle_limit_ns;

    find_limits(w->config, &limit_ns, &idle_limit_ns);
    if (cpu_ns > w->cpu_ns || w->moved_at_ns == 0) {
        w->cpu_ns = cpu_ns;
        w->moved_at_ns = now_ns;
    }
    return cpu_ns > limit_ns || now_ns - w->moved_at_ns > idle_limit_ns;
}

/* Show what the console has said since last time. */
static void forward_console(struct watch *w, int directory)
{
    char text[FORWARD_BYTES];
    ssize_t got;

    if (w->console < 0)
        w->console = openat(directory, QEMU_CONSOLE, O_RDONLY | O_CLOEXEC);
    if (w->console < 0)
        return;
    while ((got = read(w->console, text, sizeof text)) > 0) {
        w->has_booted = true;
        if (!w->config->is_verbose)
            continue;
        progress_clear();
        fwrite(text, 1, (size_t)got, stderr);
    }
}

static struct qemu_outcome judge(int status)
{
    if (WIFSIGNALED(status))
        return (struct qemu_outcome){QEMU_KILLED, WTERMSIG(status)};
    switch (WEXITSTATUS(status)) {
    case EXIT_GUEST_SUCCESS:
        return (struct qemu_outcome){QEMU_SUCCESS, 0};
    case EXIT_GUEST_FAILURE:
        return (struct qemu_outcome){QEMU_FAILURE, 0};
    case 0:
        return (struct qemu_outcome){QEMU_RESET, 0};
    default:
        return (struct qemu_outcome){QEMU_REFUSED, WEXITSTATUS(status)};
    }
}

static void look(const struct qemu_config *config)
{
    if (config->look != NULL)
        config->look(config->look_context);
}

/* Until the child ends or hangs.  `handle` becomes readable when it ends. */
static struct qemu_outcome watch_child(struct watch *w, int directory, int handle)
{
    struct pollfd ready = {.fd = handle, .events = POLLIN};
    int status;

    for (;;) { /* bounded by the hang detector */
        poll(&ready, 1, LOOK_EVERY_MS);
        forward_console(w, directory);
        look(w->config);
        if (waitpid(w->child, &status, WNOHANG) == w->child) {
            cleanup_set_child(0);
            forward_console(w, directory);
            look(w->config);
            return judge(status);
        }
        if (is_hung(w)) {
            kill(w->child, SIGKILL);
            cleanup_set_child(0);
            waitpid(w->child, &status, 0);
            return (struct qemu_outcome){QEMU_HUNG, 0};
        }
        progress_show("%s",
                      w->has_booted ? "the kernel runs the workload" : "QEMU boots the kernel");
    }
}

struct qemu_outcome qemu_run(const struct qemu_config *config)
{
    int directory = open(config->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct qemu_outcome outcome = {QEMU_NOT_STARTED, 0};
    struct watch watch = {.config = config, .console = -1};
    struct command command;
    int handle;

    ASSERT(config->cpu_count > 0);
    ASSERT(config->cpu_count <= QEMU_CPUS_MAX);
    make_command(&command, config);
    if (directory < 0 || !note_command(&command, directory)) {
        outcome.detail = errno;
        return outcome;
    }
    watch.child = start(&command, directory, &outcome.detail);
    if (watch.child != 0) {
        handle = pidfd_open(watch.child, 0);
        outcome = watch_child(&watch, directory, handle);
        if (handle >= 0)
            close(handle);
    }
    if (watch.console >= 0)
        close(watch.console);
    close(directory);
    progress_clear();
    return outcome;
}

/* SPDX-License-Identifier: MIT */
/*
 * engine_kernel.c - the kernel as an engine: boot archive in, QEMU, result out.
 *
 * Everything happens in one work directory, removed at the end unless the user keeps it.
 */
#include "tools/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fmt.h"
#include "tools/boot.h"
#include "tools/cleanup.h"
#include "tools/follow.h"
#include "tools/paths.h"
#include "tools/progress.h"
#include "tools/qemu.h"
#include "tools/stream.h"
#include "tools/watch.h"

#define ARGUMENT_BYTES 128u
#define WATCH_MS 20u
#define CONSOLE_BYTES_MAX (64u << 20)
#define CONSOLE_LINES_SHOWN 20u

static const char *const work_files[] = {QEMU_ARCHIVE, QEMU_CONSOLE, QEMU_RESULT, QEMU_MESSAGES,
                                         QEMU_COMMAND};

/* Make the directory that the user wants to keep, without what an earlier run left there. */
static bool make_kept(char *directory, const char *keep)
{
    if (mkdir(keep, 0777) != 0 && errno != EEXIST) {
        message("%s: %s", keep, strerror(errno));
        return false;
    }
    if (realpath(keep, directory) == NULL) {
        message("%s: %s", keep, strerror(errno));
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(work_files); i++) {
        char path[FILE_PATH_BYTES_MAX];

        if (!path_join(path, directory, work_files[i]))
            return false;
        if (unlink(path) != 0 && errno != ENOENT) {
            message("%s: %s", path, strerror(errno));
            return false;
        }
    }
    return true;
}

static bool make_temporary(char *directory)
{
    const char *parent = getenv("TMPDIR");

    if (!path_join(directory, parent != NULL && parent[0] == '/' ? parent : "/tmp",
                   "capos.XXXXXX"))
        return false;
    if (mkdtemp(directory) == NULL) {
        message("%s: %s", directory, strerror(errno));
        return false;
    }
    if (!cleanup_add(directory)) {
        message("%s: the path is too long", directory);
        rmdir(directory);
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(work_files); i++) {
        char path[FILE_PATH_BYTES_MAX];

        if (!path_join(path, directory, work_files[i]) || !cleanup_add(path))
            return false;
    }
    return true;
}

/*
 * How often loadgen is to write a snapshot: several times between two pictures, however fast the
 * machine is, but not so often that they are more than may be written.
 */
static uint64_t watch_ms(const struct input *input, const struct options *options,
                         uint64_t duration_ns)
{
    uint64_t bytes = sizeof(struct stream_snapshot) +
                     workload_image_threads(&input->image) * sizeof(struct stream_thread) +
                     options->cpu_count * sizeof(struct result_cpu);
    uint64_t count = STREAM_SNAPSHOTS_BYTES_MAX / bytes;
    uint64_t least_ms = duration_ns / NS_PER_MS / count + 1;

    return least_ms > WATCH_MS ? least_ms : WATCH_MS;
}

/* Loadgen's (user/loadgen/arguments.h). */
static void write_arguments(char text[ARGUMENT_BYTES], const struct input *input,
                            const struct options *options, uint64_t duration_ns)
{
    struct fmt f = fmt_start(text, ARGUMENT_BYTES);

    fmt_text(&f, "duration_ns=");
    fmt_u64(&f, duration_ns, 0, ' ');
    if (options->histogram_us != 0) {
        fmt_text(&f, " histogram_us=");
        fmt_u64(&f, options->histogram_us, 0, ' ');
    }
    if (options->is_watched) {
        fmt_text(&f, " watch_ms=");
        fmt_u64(&f, watch_ms(input, options, duration_ns), 0, ' ');
    }
}

/* `input`: NULL where there is no workload. */
static bool write_archive(const char *directory, const struct paths *paths,
                          const struct input *input, const struct options *options,
                          uint64_t duration_ns)
{
    char arguments[ARGUMENT_BYTES], path[FILE_PATH_BYTES_MAX];
    struct boot_request request = {
        .manifest = options->manifest != NULL ? options->manifest : paths->manifest_loadgen,
        .programs = options->programs,
        .spare = paths->loadgen,
        .arguments = options->arguments,
    };
    struct blob archive;
    bool is_written;

    if (input != NULL) {
        write_arguments(arguments, input, options, duration_ns);
        request.workload = &input->blob;
        request.arguments = arguments;
    }
    if (!boot_build(&request, &archive))
        return false;
    is_written = path_join(path, directory, QEMU_ARCHIVE) &&
                 file_write(path, archive.data, archive.bytes);
    blob_fini(&archive);
    return is_written;
}

/* What came from the guest must not be able to control the terminal. */
static void put_harmless(unsigned char c, FILE *stream)
{
    if (c != '\r')
        fputc(c != '\n' && (c < 0x20 || c == 0x7f) ? '?' : c, stream);
}

/* Show the last lines of `name` on standard error, each behind a bar.  Returns whether any. */
static bool show_tail(const char *directory, const char *name)
{
    char path[FILE_PATH_BYTES_MAX];
    struct blob text;
    size_t at, lines = 0;

    if (!path_join(path, directory, name) || access(path, R_OK) != 0 ||
        !file_read(path, CONSOLE_BYTES_MAX, &text))
        return false;
    while (text.bytes > 0 && strchr("\r\n", text.data[text.bytes - 1]) != NULL)
        text.bytes--;
    for (at = text.bytes; at > 0; at--)
        if (text.data[at - 1] == '\n' && ++lines == CONSOLE_LINES_SHOWN)
            break;
    if (at < text.bytes)
        fputs("  | ", stderr);
    for (; at < text.bytes; at++) {
        unsigned char c = text.data[at];

        put_harmless(c, stderr);
        if (c == '\n')
            fputs("  | ", stderr);
    }
    if (text.bytes > 0)
        fputc('\n', stderr);
    lines = text.bytes;
    blob_fini(&text);
    return lines > 0;
}

/* Say how a run without a result ended, with the last words of the guest or of QEMU. */
static enum exit_status explain(struct qemu_outcome outcome, const char *directory)
{
    enum exit_status status = EXIT_FAILED;

    switch (outcome.end) {
    case QEMU_NOT_STARTED:
        message("cannot start " QEMU_PROGRAM ": %s%s", strerror(outcome.detail),
                outcome.detail == ENOENT ? " (Debian: the package qemu-system-x86)" : "");
        return EXIT_UNUSABLE;
    case QEMU_REFUSED:
        message(QEMU_PROGRAM " ended with status %d", outcome.detail);
        status = EXIT_UNUSABLE;
        break;
    case QEMU_KILLED:
        message(QEMU_PROGRAM " was ended by signal %d (%s)", outcome.detail,
                strsignal(outcome.detail));
        status = EXIT_UNUSABLE;
        break;
    case QEMU_RESET:
        message("the machine reset itself: the kernel died without a last word");
        break;
    case QEMU_HUNG:
        message("hang detector: the run did not end and was stopped");
        break;
    case QEMU_FAILURE:
        message("the kernel reported a failure");
        break;
    case QEMU_SUCCESS:
        message("the kernel ended without a usable result");
        break;
    }
    if (!show_tail(directory, QEMU_CONSOLE))
        show_tail(directory, QEMU_MESSAGES);
    return status;
}

static enum run_engine engine_of(const struct options *options)
{
    return options->is_concurrent ? ENGINE_KERNEL_CONCURRENT : ENGINE_KERNEL;
}

/* A machine that ended by itself may have left a result, whatever it reported. */
static bool read_result(struct engine_run *run, const struct input *input,
                        const struct options *options, const char *directory)
{
    char path[FILE_PATH_BYTES_MAX];

    if (!path_join(path, directory, QEMU_RESULT) || access(path, R_OK) != 0 ||
        !file_read(path, RESULT_BYTES_MAX, &run->bytes))
        return false;
    if (run->bytes.bytes == 0) {
        blob_fini(&run->bytes);
        return false;
    }
    return engine_open_result(run, input, options, engine_of(options));
}

/* A run that is watched: what it has written so far, and what is shown of it. */
struct live {
    struct follow follow;
    struct watch watch;
};

static void show_live(void *context)
{
    struct live *live = context;
    struct blob record;

    if (follow_look(&live->follow, &record))
        watch_take(&live->watch, record.data, record.bytes);
    blob_fini(&record);
}

/* Run QEMU, shown while it goes on. */
static bool run_watched(struct qemu_outcome *outcome, struct qemu_config *config,
                        const struct input *input, const struct options *options)
{
    struct run_view view = engine_view(input, options, engine_of(options));
    struct live live;

    if (!follow_begin(&live.follow, config->directory, QEMU_RESULT))
        return false;
    config->look = show_live;
    config->look_context = &live;
    progress_begin(true);
    watch_begin(&live.watch, &view, config->duration_ns);
    *outcome = qemu_run(config);
    watch_end(&live.watch);
    follow_end(&live.follow);
    return true;
}

/* Boot the machine and wait for its end.  false: said why it could not be booted. */
static bool run_machine(struct qemu_outcome *outcome, const struct input *input,
                        const struct options *options, const struct paths *paths,
                        const char *directory)
{
    uint64_t duration_ns =
        input != NULL ? engine_duration_ns(input, options) : options->duration_ns;
    struct qemu_config config = {
        .kernel = paths->kernel,
        .machine = options->machine,
        .directory = directory,
        .cpu_count = options->cpu_count,
        .seed = options->seed,
        .duration_ns = duration_ns,
        .hang_limit_ns = options->hang_limit_ns,
        .is_concurrent = options->is_concurrent,
        .is_verbose = options->is_verbose,
    };

    if (!write_archive(directory, paths, input, options, duration_ns))
        return false;
    if (options->is_watched)
        return run_watched(outcome, &config, input, options);
    progress_begin(options->is_quiet);
    *outcome = qemu_run(&config);
    return true;
}

static enum exit_status run_in(struct engine_run *run, const struct input *input,
                               const struct options *options, const struct paths *paths,
                               const char *directory)
{
    struct qemu_outcome outcome;

    if (!run_machine(&outcome, input, options, paths, directory))
        return EXIT_UNUSABLE;
    if ((outcome.end != QEMU_SUCCESS && outcome.end != QEMU_FAILURE) ||
        !read_result(run, input, options, directory))
        return explain(outcome, directory);
    if (outcome.end == QEMU_FAILURE && run_held(&run->view)) {
        engine_run_fini(run);
        return explain(outcome, directory);
    }
    return EXIT_HELD;
}

static bool is_built(const char *path)
{
    if (access(path, R_OK) == 0)
        return true;
    message("%s: %s; `make` builds it", path, strerror(errno));
    return false;
}

/* Find what was built, and the work directory.  false: said why. */
static bool prepare(struct paths *paths, char *directory, const struct options *options)
{
    if (!paths_find(paths) || !is_built(paths->kernel) || !is_built(paths->init) ||
        !is_built(paths->loadgen))
        return false;
    return options->keep != NULL ? make_kept(directory, options->keep) : make_temporary(directory);
}

enum exit_status engine_run_kernel(struct engine_run *run, const struct input *input,
                                   const struct options *options)
{
    char directory[FILE_PATH_BYTES_MAX];
    struct paths paths;

    if (options->duration_ns == 0 && !workload_image_ends(&input->image)) {
        message("%s: the workload never ends by itself; give --duration", input->name);
        return EXIT_UNUSABLE;
    }
    if (workload_image_threads(&input->image) > WORKLOAD_KERNEL_THREADS_MAX) {
        message("%s: %u threads; the kernel's limit is %u (`capos sim' has none so low)",
                input->name, workload_image_threads(&input->image), WORKLOAD_KERNEL_THREADS_MAX);
        return EXIT_UNUSABLE;
    }
    if (!prepare(&paths, directory, options))
        return EXIT_UNUSABLE;
    return run_in(run, input, options, &paths, directory);
}

static void show_console(const char *directory)
{
    char path[FILE_PATH_BYTES_MAX];
    struct blob text;

    if (!path_join(path, directory, QEMU_CONSOLE) || access(path, R_OK) != 0 ||
        !file_read(path, CONSOLE_BYTES_MAX, &text))
        return;
    for (size_t i = 0; i < text.bytes; i++)
        put_harmless(text.data[i], stdout);
    blob_fini(&text);
}

enum exit_status engine_boot_kernel(const struct options *options)
{
    char directory[FILE_PATH_BYTES_MAX];
    struct qemu_outcome outcome;
    struct paths paths;

    if (!prepare(&paths, directory, options) ||
        !run_machine(&outcome, NULL, options, &paths, directory))
        return EXIT_UNUSABLE;
    if (outcome.end != QEMU_SUCCESS && outcome.end != QEMU_FAILURE)
        return explain(outcome, directory);
    if (!options->is_quiet && !options->is_verbose)
        show_console(directory);
    if (outcome.end == QEMU_FAILURE) {
        puts("verdict: FAILED (the machine reported a failure)");
        return EXIT_FAILED;
    }
    puts("verdict: ok");
    return EXIT_HELD;
}

/* SPDX-License-Identifier: MIT */
#include "tools/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "tools/cleanup.h"
#include "tools/message.h"

#define READ_STEP_BYTES (64u << 10)

void blob_fini(struct blob *blob)
{
    free(blob->data);
    *blob = (struct blob){NULL, 0};
}

/* Read to the end or to one byte past the limit, which tells too long from long enough. */
static void read_stream(FILE *stream, size_t bytes_max, struct blob *blob)
{
    size_t room = 0;

    while (blob->bytes <= bytes_max) {
        size_t got;

        if (blob->bytes == room) {
            room += room / 2 + READ_STEP_BYTES;
            blob->data = memory_resize(blob->data, room, 1);
        }
        got = fread(blob->data + blob->bytes, 1, room - blob->bytes, stream);
        blob->bytes += got;
        if (got == 0)
            break;
    }
}

bool file_read(const char *path, size_t bytes_max, struct blob *blob)
{
    FILE *stream = fopen(path, "rbe");
    const char *trouble = NULL;

    *blob = (struct blob){NULL, 0};
    if (stream == NULL) {
        message("%s: %s", path, strerror(errno));
        return false;
    }
    read_stream(stream, bytes_max, blob);
    if (ferror(stream))
        trouble = strerror(errno);
    else if (blob->bytes > bytes_max)
        trouble = "the file is longer than anything it could be";
    fclose(stream);
    if (trouble != NULL) {
        message("%s: %s", path, trouble);
        blob_fini(blob);
    }
    return trouble == NULL;
}

bool file_write(const char *path, const void *data, size_t bytes)
{
    FILE *stream = fopen(path, "wbe");
    bool is_written;

    if (stream == NULL) {
        message("%s: %s", path, strerror(errno));
        return false;
    }
    is_written = fwrite(data, 1, bytes, stream) == bytes;
    if (fclose(stream) != 0 || !is_written) {
        message("%s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

bool path_join(char *path, const char *directory, const char *name)
{
    int length = snprintf(path, FILE_PATH_BYTES_MAX, "%s/%s", directory, name);

    if (length < 0 || (size_t)length >= FILE_PATH_BYTES_MAX) {
        message("%s/%s: the path is too long", directory, name);
        return false;
    }
    return true;
}

/* Open a new file beside `output->path`, which does not exist or is a regular file. */
static bool open_temporary(struct output *output)
{
    int length = snprintf(output->temporary, sizeof output->temporary, "%s.XXXXXX", output->path);
    mode_t mask = umask(0);
    int file;

    umask(mask);
    if (length < 0 || (size_t)length >= sizeof output->temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    file = mkostemp(output->temporary, O_CLOEXEC);
    if (file < 0)
        return false;
    if (!cleanup_add(output->temporary) || fchmod(file, 0666 & ~mask) != 0 ||
        (output->stream = fdopen(file, "w")) == NULL) {
        unlink(output->temporary);
        close(file);
        return false;
    }
    return true;
}

bool output_open(struct output *output, const char *path)
{
    struct stat status;
    bool is_special = stat(path, &status) == 0 && !S_ISREG(status.st_mode);
    int length = snprintf(output->path, sizeof output->path, "%s", path);

    output->stream = NULL;
    output->temporary[0] = '\0';
    errno = ENAMETOOLONG;
    if (strcmp(path, "-") == 0)
        output->stream = stdout;
    else if (is_special)
        output->stream = fopen(path, "we");
    else if (length >= 0 && (size_t)length < sizeof output->path)
        open_temporary(output);
    if (output->stream == NULL)
        message("%s: %s", path, strerror(errno));
    return output->stream != NULL;
}

bool output_commit(struct output *output)
{
    FILE *stream = output->stream;
    bool is_written;

    ASSERT(stream != NULL);
    is_written = ferror(stream) == 0 && fflush(stream) == 0;
    if (stream != stdout && fclose(stream) != 0)
        is_written = false;
    output->stream = NULL;
    if (is_written && output->temporary[0] != '\0')
        is_written = rename(output->temporary, output->path) == 0;
    if (!is_written)
        message("%s: %s", output->path, strerror(errno));
    if (output->temporary[0] != '\0') {
        if (!is_written)
            unlink(output->temporary);
        cleanup_drop(output->temporary);
    }
    return is_written;
}

void output_abort(struct output *output)
{
    if (output->stream == NULL)
        return;
    if (output->stream != stdout)
        fclose(output->stream);
    output->stream = NULL;
    if (output->temporary[0] != '\0') {
        unlink(output->temporary);
        cleanup_drop(output->temporary);
    }
}

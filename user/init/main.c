/* SPDX-License-Identifier: MIT */
/*
 * main.c - init: the first process.  It checks the manifest whole, starts each service with what is
 * named there, waits for those that are not in the background, and switches the machine off:
 * with success if every service that has ended exited with 0.
 */
#include "abi/bootinfo.h"
#include "user/init/service.h"
#include "user/rt/calls.h"
#include "user/rt/layout.h"
#include "user/rt/ledger.h"
#include "user/rt/print.h"
#include "user/rt/process.h"
#include "user/rt/program.h"

static void refuse(const char *what, const char *why)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "init: ");
    fmt_text(&line.f, what);
    fmt_text(&line.f, ": ");
    fmt_text(&line.f, why);
    rt_line_end(&line);
}

/* The manifest, checked; NULL, and said why not.  How many programs the archive has is not known
 * here: the kernel refuses to start one that is not there. */
static const struct manifest_header *open_manifest(void)
{
    const struct manifest_header *header = (const struct manifest_header *)RT_FREE_BASE;
    enum manifest_refusal refusal;
    uint64_t bytes = 0;
    int64_t status = rt_memory_map(CAP_MANIFEST, RT_FREE_BASE, 0, &bytes);

    if (status == STATUS_BAD_CAP) {
        refuse("nothing to start", "the boot archive has no manifest");
        return NULL;
    }
    if (status < 0) {
        refuse("the manifest cannot be mapped", status_sentence(status));
        return NULL;
    }
    refusal = manifest_check(header, bytes, BOOT_ARCHIVE_ENTRIES_MAX);
    if (refusal == MANIFEST_TABLE_OK)
        return header;
    refuse("the manifest is refused", manifest_refusal_sentence(refusal));
    return NULL;
}

/* All of them in the table's order, or none: what runs already is ended. */
static bool start_all(const struct manifest_header *header, uint32_t *handles)
{
    const struct manifest_service *services = manifest_services(header);
    struct service_sessions sessions = {{CAP_NONE}};

    for (uint32_t i = 0; i < header->service_count; i++) { /* at most MANIFEST_SERVICES_MAX */
        int64_t handle = service_start(&services[i], i + 1, &sessions);

        if (handle > 0) {
            handles[i] = (uint32_t)handle;
            continue;
        }
        while (i > 0)
            (void)rt_process_kill(handles[--i]);
        return false;
    }
    return true;
}

/* One after the other: nothing depends on the order in which they end.  Those in the background are
 * looked at last, so that what went wrong with them is said too. */
static bool await_all(const struct manifest_header *header, const uint32_t *handles)
{
    const struct manifest_service *services = manifest_services(header);
    bool is_good = true;

    for (uint32_t i = 0; i < header->service_count; i++)
        if ((services[i].flags & MANIFEST_SERVICE_BACKGROUND) == 0)
            is_good &= service_wait(&services[i], handles[i]);
    for (uint32_t i = 0; i < header->service_count; i++)
        if ((services[i].flags & MANIFEST_SERVICE_BACKGROUND) != 0)
            is_good &= service_is_well(&services[i], handles[i]);
    return is_good;
}

int64_t rt_main(uint64_t argument)
{
    uint32_t handles[MANIFEST_SERVICES_MAX];
    const struct manifest_header *header = open_manifest();

    (void)argument;
    bool is_good =
        header != NULL && start_all(header, handles) && await_all(header, handles);

    rt_power_off(!is_good);
}

/* SPDX-License-Identifier: MIT */
#include "user/init/service.h"

#include "user/rt/ledger.h"
#include "user/rt/print.h"
#include "user/rt/session.h"
#include "user/rt/table.h"

static void begin_line(struct rt_line *line, const struct manifest_service *service)
{
    rt_line_begin(line);
    fmt_text(&line->f, "init: ");
    fmt_text(&line->f, service->name);
    fmt_text(&line->f, ": ");
}

static void say_refused(const struct manifest_service *service, const char *what, int64_t status)
{
    struct rt_line line;

    begin_line(&line, service);
    fmt_text(&line.f, what);
    fmt_text(&line.f, ": ");
    fmt_text(&line.f, status_sentence(status));
    rt_line_end(&line);
}

/* ---- Starting -------------------------------------------------------------------------------- */

/* What the service wants more of than there is: one line for each resource. */
static void say_missing(const struct manifest_service *service)
{
    struct ledger_account account;

    if (rt_ledger_read(&account) != STATUS_OK)
        return;
    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
        const struct ledger_row *row = &account.rows[i];
        uint64_t free = row->limit - row->reserved - row->used;
        struct rt_line line;

        if (service->limits[i] <= free)
            continue;
        begin_line(&line, service);
        fmt_text(&line.f, manifest_limit_name((enum ledger_resource)i));
        fmt_text(&line.f, ": ");
        fmt_u64(&line.f, service->limits[i], 1, ' ');
        fmt_text(&line.f, " wanted, ");
        fmt_u64(&line.f, free, 1, ' ');
        fmt_text(&line.f, " free");
        rt_line_end(&line);
    }
}

/* `cpus`: the capability for its CPU set; `session`: CAP_NONE for init's. */
static int64_t spawn(const struct manifest_service *service, uint32_t number, uint32_t cpus,
                     uint32_t session)
{
    struct cap_process_params params = {
        .program = service->program,
        .gift_count = service->cap_count,
        .weight = service->weight,
        .latency_class = service->latency_class,
        .session = session,
        .service = number,
    };

    for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
        params.limits[i] = service->limits[i];
    for (uint32_t i = 0; i < service->cap_count; i++) {
        uint32_t slot = service->caps[i];

        params.gifts[i] = (struct cap_gift){.from = slot == CAP_CPUS ? cpus : slot, .slot = slot};
    }
    return rt_process_spawn(&params);
}

/* The SESSION handle of that number, made if it is not there. */
static int64_t session_of(struct service_sessions *sessions, uint32_t number)
{
    int64_t made;

    if (number == 0 || sessions->handles[number] != CAP_NONE)
        return sessions->handles[number];
    made = rt_session_create();
    if (made > 0)
        sessions->handles[number] = (uint32_t)made;
    return made;
}

int64_t service_start(const struct manifest_service *service, uint32_t number,
                      struct service_sessions *sessions)
{
    int64_t session = session_of(sessions, service->session);
    int64_t cpus = CAP_CPUS;
    struct cpumask mask;

    if (session < 0) {
        say_refused(service, "it cannot have its session", session);
        return session;
    }
    for (uint32_t i = 0; i < CPUMASK_WORDS; i++)
        mask.words[i] = service->cpus[i];
    if ((service->flags & MANIFEST_SERVICE_HAS_CPUS) != 0)
        cpus = rt_cpus_narrow(CAP_CPUS, &mask);
    if (cpus < 0) {
        say_refused(service, "it cannot have its CPUs", cpus);
        return cpus;
    }
    /* A set of its own is never released: it would end for the service too. */
    int64_t handle = spawn(service, number, (uint32_t)cpus, (uint32_t)session);

    if (handle < 0)
        say_refused(service, "it cannot be started", handle);
    if (handle == STATUS_LEDGER_FULL)
        say_missing(service);
    return handle;
}

/* ---- Its end --------------------------------------------------------------------------------- */

static void say_fault(const struct manifest_service *service, uint32_t handle)
{
    struct cap_process_info info;
    struct rt_line line;

    begin_line(&line, service);
    fmt_text(&line.f, "it faulted");
    if (rt_process_info(handle, &info) == STATUS_OK) {
        fmt_text(&line.f, ": vector ");
        fmt_u64(&line.f, info.fault_vector, 1, ' ');
        fmt_text(&line.f, ", pc 0x");
        fmt_hex(&line.f, info.fault_pc, 1);
        fmt_text(&line.f, ", address 0x");
        fmt_hex(&line.f, info.fault_address, 1);
        fmt_text(&line.f, ", thread ");
        fmt_u64(&line.f, info.fault_thread, 1, ' ');
    }
    rt_line_end(&line);
}

static bool judge(const struct manifest_service *service, uint32_t handle, int64_t end,
                  int64_t exit_status)
{
    struct rt_line line;

    if (end == PROCESS_EXITED && exit_status == 0)
        return true;
    if (end == PROCESS_FAULTED) {
        say_fault(service, handle);
        return false;
    }
    begin_line(&line, service);
    if (end == PROCESS_EXITED) {
        fmt_text(&line.f, "it exited with ");
        fmt_i64(&line.f, exit_status, 0);
    } else {
        fmt_text(&line.f, end == PROCESS_LOGGED_OUT ? "it was logged out" : "it was killed");
    }
    rt_line_end(&line);
    return false;
}

bool service_wait(const struct manifest_service *service, uint32_t handle)
{
    int64_t exit_status = 0;
    int64_t end = rt_process_wait(handle, &exit_status);

    if (end >= 0)
        return judge(service, handle, end, exit_status);
    say_refused(service, "its end cannot be waited for", end);
    return false;
}

bool service_is_well(const struct manifest_service *service, uint32_t handle)
{
    struct cap_process_info info;

    if (rt_process_info(handle, &info) != STATUS_OK)
        return false;
    if (info.state != PROCESS_ENDING && info.state != PROCESS_GONE)
        return true;
    return judge(service, handle, info.end, info.exit_status);
}

/* SPDX-License-Identifier: MIT */
#include "user/loadgen/calls.h"

#include "abi/result.h"
#include "user/rt/burn.h"
#include "user/rt/endpoint.h"
#include "user/rt/print.h"

/* ---- All of them ----------------------------------------------------------------------------- */

static bool is_endpoint_of(uint32_t number, uint32_t process)
{
    const struct workload_object *object = &load.image.objects[number];

    return object->kind == WORKLOAD_ENDPOINT && object->process == process;
}

uint32_t load_endpoints_of(uint32_t process)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < load.image.header->object_count; i++)
        count += is_endpoint_of(i, process);
    return count;
}

/* Returns: OK, or why it cannot be. */
static int64_t make(struct load_object *o, uint32_t flags)
{
    int64_t handle =
        rt_endpoint_create((flags & WORKLOAD_OBJECT_PASSIVE) != 0 ? ENDPOINT_PASSIVE : 0);

    if (handle < 0)
        return handle;
    o->endpoint = (uint32_t)handle;
    handle = rt_endpoint_mint(o->endpoint, 0);
    if (handle < 0)
        return handle;
    o->client = (uint32_t)handle;
    return STATUS_OK;
}

static void say_refused(uint32_t number, int64_t status)
{
    struct rt_line line;

    rt_line_begin(&line);
    fmt_text(&line.f, "loadgen: endpoint ");
    fmt_text(&line.f, workload_image_name(&load.image, load.image.objects[number].name));
    fmt_text(&line.f, ": cannot be made: ");
    fmt_text(&line.f, status_sentence(status));
    rt_line_end(&line);
}

bool load_make_endpoints(void)
{
    for (uint32_t i = 0; i < load.image.header->object_count; i++) {
        if (!is_endpoint_of(i, load.process))
            continue;
        int64_t status = make(&load.objects[i], load.image.objects[i].flags);

        if (status != STATUS_OK) {
            say_refused(i, status);
            load_fail(RESULT_FAILED_SPAWN);
            return false;
        }
        rt_pause();
    }
    return true;
}

void load_destroy_endpoints(void)
{
    for (uint32_t i = 0; i < load.image.header->object_count; i++) {
        if (!is_endpoint_of(i, load.process))
            continue;
        (void)rt_endpoint_destroy(load.objects[i].endpoint);
        rt_pause();
    }
}

/* ---- One call, for its thread ---------------------------------------------------------------- */

/* What a message's status means for the wait: any answer is one. */
static enum status status_of(int64_t status)
{
    return status >= 0 ? STATUS_OK : (enum status)status;
}

bool load_call(struct load_thread *t, uint32_t object)
{
    struct rt_message message = {{0}};

    load_wait_begin(t);
    return load_wait_end(
        t, status_of(rt_endpoint_call(load.objects[object].client, 0, &message)));
}

bool load_receive(struct load_thread *t, uint32_t object)
{
    uint32_t endpoint = load.objects[object].endpoint;
    struct rt_message message = {{0}};
    int64_t status;

    load_wait_begin(t);
    if (t->owes)
        status = rt_endpoint_return_receive(endpoint, STATUS_OK, &message);
    else
        status = rt_endpoint_receive(endpoint, &message);
    t->owes = false;
    return load_wait_end(t, status_of(status));
}

void load_answer_before(struct load_thread *t, const struct step_action *action)
{
    const struct rt_message message = {{0}};

    if (!t->owes || action->kind == STEP_RECEIVE)
        return;
    t->owes = false;
    (void)rt_endpoint_return(STATUS_OK, &message); /* a caller that has ended needs none */
}

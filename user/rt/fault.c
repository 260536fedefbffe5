/* SPDX-License-Identifier: MIT */
#include "user/rt/fault.h"

#include "user/rt/entry.h"

int64_t rt_fault_set(uint32_t process, const struct rt_thread_ref *ref, uint32_t client,
                     uint64_t cookie)
{
    struct ring_sqe entry = {
        .op = RING_OP_CALL,
        .cap = process != CAP_NONE ? process : (uint32_t)CAP_THREADS,
        .method = process != CAP_NONE ? (uint16_t)PROCESS_SET_FAULT : (uint16_t)THREADS_SET_FAULT,
        .args = {ref->index, ref->gen, client, cookie},
    };

    return rt_entry_do(&entry, NULL);
}

struct rt_fault rt_fault_of(const struct rt_message *message)
{
    return (struct rt_fault){
        .what = message->words[0],
        .address = message->words[1],
        .pc = message->words[2],
        .cookie = message->words[3],
    };
}

int64_t rt_fault_resume(void)
{
    return rt_endpoint_return(STATUS_OK, &(struct rt_message){{FAULT_RESUME}});
}

int64_t rt_fault_end(void)
{
    return rt_endpoint_return(STATUS_OK, &(struct rt_message){{FAULT_END}});
}

int64_t rt_fault_resume_receive(uint32_t endpoint, struct rt_message *message)
{
    *message = (struct rt_message){{FAULT_RESUME}};
    return rt_endpoint_return_receive(endpoint, STATUS_OK, message);
}

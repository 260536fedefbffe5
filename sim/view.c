/* SPDX-License-Identifier: MIT */
#include "sim/view.h"

#include "abi/why.h"
#include "base/fmt.h"
#include "core/account.h"
#include "core/sched.h"

#define LINE_BYTES 192u
#define TIME_WIDTH 15u
#define CPU_WIDTH 4u
#define COLUMN_CPU (TIME_WIDTH + 1)
#define COLUMN_EVENT (COLUMN_CPU + CPU_WIDTH + 1)
#define COLUMN_THREAD (COLUMN_EVENT + 13)
#define COLUMN_FROM_TO (COLUMN_THREAD + VIEW_NAME_BYTES)
#define COLUMN_WHY (COLUMN_FROM_TO + VIEW_NAME_BYTES + 12)

/* What the numbers `a` and `b` of an event are, for the columns. */
enum field {
    FIELD_NONE,
    FIELD_NUMBER,      /* printed as name=number */
    FIELD_SOURCE,      /* of a wake: printed by name, like the next one */
    FIELD_POINT,       /* of a charge */
    FIELD_CPU_TO,      /* from->to: the record's CPU -> this CPU */
    FIELD_THREAD_FROM, /* from->to: this thread -> the record's */
    FIELD_OLD,         /* from->to: this value -> the next one */
    FIELD_NEW,
    FIELD_WHY /* a why rule */
};

struct event_look {
    enum field a, b;
    const char *a_name, *b_name;
};

static const struct event_look *look_of(uint32_t event)
{
    static const struct event_look looks[] = {
        [EV_WAKE] = {FIELD_CPU_TO, FIELD_WHY, NULL, NULL},
        [EV_WAKE_LATCHED] = {FIELD_NUMBER, FIELD_SOURCE, "state", NULL},
        [EV_ATTACH] = {FIELD_NUMBER, FIELD_NUMBER, "lag", "queued"},
        [EV_SWITCH] = {FIELD_THREAD_FROM, FIELD_WHY, NULL, NULL},
        [EV_IDLE] = {FIELD_THREAD_FROM, FIELD_WHY, NULL, NULL},
        [EV_BLOCK] = {FIELD_SOURCE, FIELD_NUMBER, NULL, "lag"},
        [EV_EXIT] = {FIELD_NUMBER, FIELD_NONE, "runtime", NULL},
        [EV_CHARGE] = {FIELD_NUMBER, FIELD_POINT, "ns", NULL},
        [EV_DETACH] = {FIELD_CPU_TO, FIELD_NUMBER, NULL, "lag"},
        [EV_WEIGHT] = {FIELD_NEW, FIELD_OLD, NULL, NULL},
        [EV_CLASS] = {FIELD_NEW, FIELD_OLD, NULL, NULL},
        [EV_MASK] = {FIELD_NUMBER, FIELD_NUMBER, "lowest", "cpus"},
        [EV_REFUSED] = {FIELD_WHY, FIELD_NUMBER, NULL, "number"},
        [EV_OVERLOAD] = {FIELD_WHY, FIELD_NUMBER, NULL, "number"},
        [EV_HAND] = {FIELD_THREAD_FROM, FIELD_NUMBER, NULL, "lenders"},
        [EV_WHY] = {FIELD_NUMBER, FIELD_NUMBER, "a", "b"},
    };

    static const struct event_look unknown = {FIELD_NUMBER, FIELD_NUMBER, "a", "b"};
    bool is_known = event < ARRAY_COUNT(looks) && looks[event].a != FIELD_NONE;

    return is_known ? &looks[event] : &unknown;
}

static const char *event_name(uint32_t event)
{
    switch (event) {
#define TRACE_CASE(name, id, text, a, b) \
    case (id):                           \
        return (text);
        TRACE_EVENT_TABLE(TRACE_CASE)
#undef TRACE_CASE
    default:
        return "unknown";
    }
}

static void add_thread(struct fmt *f, const struct view *v, int64_t slot)
{
    char name[VIEW_NAME_BYTES];

    if (slot < 0 || slot >= (int64_t)THREAD_COUNT_MAX) {
        fmt_char(f, '-');
        return;
    }
    v->name(v->context, (uint32_t)slot, name);
    fmt_text(f, name);
}

static void add_from_to(struct fmt *f, const struct view *v, const struct trace_record *r,
                        const struct event_look *look)
{
    switch (look->a) {
    case FIELD_THREAD_FROM:
        add_thread(f, v, r->a);
        fmt_text(f, "->");
        add_thread(f, v, r->thread);
        break;
    case FIELD_CPU_TO:
        fmt_text(f, "cpu");
        fmt_u64(f, r->cpu, 1, ' ');
        fmt_text(f, "->cpu");
        fmt_i64(f, r->a, 1);
        break;
    case FIELD_NEW:
        fmt_i64(f, r->b, 1);
        fmt_text(f, "->");
        fmt_i64(f, r->a, 1);
        break;
    default:
        fmt_char(f, '-');
    }
}

static const char *source_name(int64_t source)
{
    static const char *const names[WAKE_SOURCE_COUNT] = {
        [WAKE_TIMER] = "timer", [WAKE_PARK] = "park",         [WAKE_JOIN] = "join",
        [WAKE_START] = "start", [WAKE_ENDPOINT] = "endpoint", [WAKE_PROCESS] = "process",
        [WAKE_IRQ] = "irq",
    };

    return source >= 0 && source < WAKE_SOURCE_COUNT ? names[source] : "unknown";
}

static const char *point_name(int64_t point)
{
    static const char *const names[CHARGE_POINT_COUNT] = {
        [CHARGE_SWITCH] = "switch",   [CHARGE_PREEMPT] = "preempt", [CHARGE_BLOCK] = "block",
        [CHARGE_HANDOFF] = "handoff", [CHARGE_UNBLOCK] = "unblock", [CHARGE_EXIT] = "exit",
    };

    return point >= 0 && point < CHARGE_POINT_COUNT ? names[point] : "unknown";
}

static void add_number(struct fmt *f, enum field field, const char *name, int64_t value)
{
    switch (field) {
    case FIELD_NUMBER:
        fmt_char(f, ' ');
        fmt_text(f, name);
        fmt_char(f, '=');
        fmt_i64(f, value, 1);
        break;
    case FIELD_SOURCE:
        fmt_text(f, " source=");
        fmt_text(f, source_name(value));
        break;
    case FIELD_POINT:
        fmt_text(f, " at=");
        fmt_text(f, point_name(value));
        break;
    default:
        break;
    }
}

static const char *why_of(const struct trace_record *r, const struct event_look *look)
{
    if (r->event == EV_WHY)
        return why_name(r->rule);
    if (look->a == FIELD_WHY)
        return why_name((uint32_t)r->a);
    return look->b == FIELD_WHY ? why_name((uint32_t)r->b) : "-";
}

void view_print_header(const struct view *v)
{
    char line[LINE_BYTES];
    struct fmt f = fmt_start(line, sizeof line);

    fmt_text(&f, "#       time_ns");
    fmt_pad_to(&f, COLUMN_CPU);
    fmt_text(&f, " cpu");
    fmt_pad_to(&f, COLUMN_EVENT);
    fmt_text(&f, "event");
    fmt_pad_to(&f, COLUMN_THREAD);
    fmt_text(&f, "thread");
    fmt_pad_to(&f, COLUMN_FROM_TO);
    fmt_text(&f, "from->to");
    fmt_pad_to(&f, COLUMN_WHY);
    fmt_text(&f, "why numbers");
    fprintf(v->out, "%s\n", line);
}

void view_print(const struct view *v, const struct trace_record *record)
{
    const struct event_look *look = look_of(record->event);
    char line[LINE_BYTES];
    struct fmt f = fmt_start(line, sizeof line);

    fmt_u64(&f, (uint64_t)mono_diff_ns(record->now, v->start), TIME_WIDTH, ' ');
    fmt_char(&f, ' ');
    fmt_u64(&f, record->cpu, CPU_WIDTH, ' ');
    fmt_pad_to(&f, COLUMN_EVENT);
    fmt_text(&f, event_name(record->event));
    fmt_pad_to(&f, COLUMN_THREAD);
    add_thread(&f, v, record->thread);
    fmt_char(&f, ' ');
    fmt_pad_to(&f, COLUMN_FROM_TO);
    add_from_to(&f, v, record, look);
    fmt_char(&f, ' ');
    fmt_pad_to(&f, COLUMN_WHY);
    fmt_text(&f, why_of(record, look));
    add_number(&f, look->a, look->a_name, record->a);
    add_number(&f, look->b, look->b_name, record->b);
    fprintf(v->out, "%s\n", line);
}

void view_flush(const struct view *v)
{
    (void)fflush(v->out);
}

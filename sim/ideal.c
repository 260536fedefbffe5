/* SPDX-License-Identifier: MIT */
#include "sim/ideal.h"

#include "base/cpumask.h"
#include "base/fixmul.h"

#include <stdlib.h>

#define NOBODY UINT32_MAX

/* A level: service over weight, num / den. */
struct level {
    uint64_t num;
    uint64_t den;
};

/* Classes send what they demand to groups of CPUs that are alike; rows are classes. */
struct solver {
    const struct ideal_machine *machine;
    const struct ideal_class *classes;
    uint32_t class_count;
    uint32_t group_count;
    uint32_t *group_of;     /* of each CPU */
    uint64_t *capacity;     /* of each group */
    bool *is_allowed;       /* [class][group] */
    bool *is_open;          /* classes whose share is not known yet */
    bool *is_taken;         /* groups that belong to closed classes */
    wide_uint *flow;        /* [class][group] */
    wide_uint *need;        /* of each class, not sent yet */
    wide_uint *room;        /* of each group, not filled yet */
    bool *is_capped;        /* classes, while a level is computed */
    bool *in_cut;           /* the classes of the last cut */
    uint32_t *class_parent; /* the group a class was reached from; NOBODY: it has need itself */
    uint32_t *group_parent; /* the class a group was reached from */
    bool *class_seen;
    bool *group_seen;
    uint32_t *queue; /* groups to go on from */
};

static size_t cell(const struct solver *s, uint32_t class, uint32_t group)
{
    return (size_t)class * s->group_count + group;
}

/* ---- Groups of CPUs -------------------------------------------------------------------------- */

/* Split every group by whether `mask` has its CPUs; `heir` is room for 2 * CPUs numbers. */
static void split_groups(struct solver *s, const uint64_t *mask, uint32_t *heir)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < 2 * s->group_count; i++)
        heir[i] = NOBODY;
    for (uint32_t cpu = 0; cpu < s->machine->cpu_count; cpu++) {
        uint32_t *h = &heir[2 * s->group_of[cpu] + (cpumask_test(mask, cpu) ? 1u : 0u)];

        if (*h == NOBODY)
            *h = count++;
        s->group_of[cpu] = *h;
    }
    s->group_count = count;
}

/* CPUs that every class may use alike, and those it may not, are one group. */
static bool make_groups(struct solver *s)
{
    uint32_t cpu_count = s->machine->cpu_count;
    uint32_t *heir = malloc(2 * (size_t)cpu_count * sizeof *heir);

    if (heir == NULL)
        return false;
    s->group_count = 1;
    for (uint32_t class = 0; class < s->class_count; class ++)
        if (s->classes[class].count > 0)
            split_groups(s, s->classes[class].mask, heir);
    free(heir);
    return true;
}

static void fill_groups(struct solver *s)
{
    for (uint32_t cpu = 0; cpu < s->machine->cpu_count; cpu++) {
        uint32_t group = s->group_of[cpu];

        s->capacity[group] +=
            s->machine->capacity != NULL ? s->machine->capacity[cpu] : s->machine->unit;
        for (uint32_t class = 0; class < s->class_count; class ++)
            s->is_allowed[cell(s, class, group)] =
                s->classes[class].count > 0 && cpumask_test(s->classes[class].mask, cpu);
    }
}

/* ---- Maximum flow at a level ----------------------------------------------------------------- */

/* What a thread of `class` would get at `level`, times the level's denominator. */
static wide_uint demand_of(const struct solver *s, uint32_t class, struct level level)
{
    wide_uint cap = (wide_uint)s->machine->unit * level.den;
    wide_uint want = (wide_uint)s->classes[class].weight * level.num;

    return want > cap ? cap : want;
}

static void send(struct solver *s, uint32_t class, uint32_t group, wide_uint amount)
{
    s->flow[cell(s, class, group)] += amount;
    s->need[class] -= amount;
    s->room[group] -= amount;
}

/* Fill in the order of the classes: most of the flow, without looking for ways. */
static void send_greedily(struct solver *s, struct level level)
{
    for (uint32_t group = 0; group < s->group_count; group++)
        s->room[group] = s->is_taken[group] ? 0 : (wide_uint)s->capacity[group] * level.den;
    for (uint32_t class = 0; class < s->class_count; class ++) {
        s->need[class] =
            s->is_open[class] ? demand_of(s, class, level) * s->classes[class].count : 0;
        for (uint32_t group = 0; group < s->group_count; group++) {
            wide_uint need = s->need[class];
            wide_uint room = s->room[group];

            s->flow[cell(s, class, group)] = 0;
            if (s->is_allowed[cell(s, class, group)])
                send(s, class, group, need < room ? need : room);
        }
    }
}

/* `class` is reached: so are its groups.  Returns: how many are queued now. */
static uint32_t reach_groups(struct solver *s, uint32_t class, uint32_t queued)
{
    for (uint32_t group = 0; group < s->group_count; group++) {
        if (s->group_seen[group] || s->is_taken[group] || !s->is_allowed[cell(s, class, group)])
            continue;
        s->group_seen[group] = true;
        s->group_parent[group] = class;
        s->queue[queued++] = group;
    }
    return queued;
}

/*
 * From the classes that need more, to their groups, to classes that sent there, and so on.
 * Returns: a group with room, or NOBODY; then what was seen is a minimum cut: the classes that want
 * more than their groups have.
 */
static uint32_t find_room(struct solver *s)
{
    uint32_t queued = 0;

    for (uint32_t group = 0; group < s->group_count; group++)
        s->group_seen[group] = false;
    for (uint32_t class = 0; class < s->class_count; class ++) {
        s->class_seen[class] = s->need[class] > 0;
        s->class_parent[class] = NOBODY;
        if (s->class_seen[class])
            queued = reach_groups(s, class, queued);
    }
    for (uint32_t i = 0; i < queued; i++) { /* bound: a group is queued once */
        uint32_t group = s->queue[i];

        if (s->room[group] > 0)
            return group;
        for (uint32_t class = 0; class < s->class_count; class ++) {
            if (s->class_seen[class] || s->flow[cell(s, class, group)] == 0)
                continue;
            s->class_seen[class] = true;
            s->class_parent[class] = group;
            queued = reach_groups(s, class, queued);
        }
    }
    return NOBODY;
}

/* Send as much as the way that ends in `group` allows. */
static void send_along(struct solver *s, uint32_t last)
{
    uint32_t class = s->group_parent[last];
    wide_uint amount = s->room[last];

    for (; s->class_parent[class] != NOBODY; class = s->group_parent[s->class_parent[class]]) {
        wide_uint back = s->flow[cell(s, class, s->class_parent[class])];

        amount = back < amount ? back : amount;
    }
    amount = s->need[class] < amount ? s->need[class] : amount;
    s->need[class] -= amount;
    s->room[last] -= amount;
    for (uint32_t group = last;;) { /* bound: a way meets a group once */
        class = s->group_parent[group];
        s->flow[cell(s, class, group)] += amount;
        group = s->class_parent[class];
        if (group == NOBODY)
            return;
        s->flow[cell(s, class, group)] -= amount;
    }
}

/* Returns: everybody open gets what the level says; else a cut is marked as seen. */
static bool is_feasible(struct solver *s, struct level level)
{
    send_greedily(s, level);
    for (;;) { /* bound: shortest ways first, Edmonds and Karp */
        uint32_t group = find_room(s);

        if (group != NOBODY)
            send_along(s, group);
        else
            break;
    }
    for (uint32_t class = 0; class < s->class_count; class ++)
        if (s->class_seen[class])
            return false; /* it needs more, or was reached from one that does */
    return true;
}

/* ---- Levels ---------------------------------------------------------------------------------- */

/* Threads of the cut that get a unit at `level` become capped.  Returns: there are new ones. */
static bool cap_more(struct solver *s, struct level level)
{
    bool has_new = false;

    for (uint32_t class = 0; class < s->class_count; class ++) {
        wide_uint want = (wide_uint)s->classes[class].weight * level.num;

        if (!s->class_seen[class] || s->is_capped[class] ||
            want < (wide_uint)s->machine->unit * level.den)
            continue;
        s->is_capped[class] = true;
        has_new = true;
    }
    return has_new;
}

/* The level at which the classes of the cut take exactly what their groups have. */
static struct level level_of_cut(struct solver *s)
{
    struct level level;

    for (uint32_t class = 0; class < s->class_count; class ++)
        s->is_capped[class] = false;
    do { /* bound: each turn caps a class */
        level = (struct level){0, 0};
        for (uint32_t group = 0; group < s->group_count; group++)
            if (s->group_seen[group])
                level.num += s->capacity[group];
        for (uint32_t class = 0; class < s->class_count; class ++) {
            if (!s->class_seen[class])
                continue;
            if (s->is_capped[class])
                level.num -= s->classes[class].count * s->machine->unit;
            else
                level.den += (uint64_t)s->classes[class].count * s->classes[class].weight;
        }
        ASSERT(level.den > 0); /* all capped would fit, and this is a cut that does not */
    } while (cap_more(s, level));
    return level;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) { /* bound: 92 turns, Fibonacci's */
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

static struct ideal_share share_at(const struct solver *s, uint32_t class, struct level level)
{
    if (demand_of(s, class, level) == (wide_uint)s->machine->unit * level.den)
        return (struct ideal_share){s->machine->unit, 1};
    uint64_t num = s->classes[class].weight * level.num;
    uint64_t divisor = common_divisor(num, level.den);

    return (struct ideal_share){num / divisor, level.den / divisor};
}

/* `class` keeps what it has at `level`; its groups are its own from now on if they are full. */
static void close_class(struct solver *s, uint32_t class, bool is_full)
{
    s->is_open[class] = false;
    for (uint32_t group = 0; group < s->group_count; group++)
        s->is_taken[group] |= is_full && s->is_allowed[cell(s, class, group)];
}

/* Raise the level of all that are open until a set is tight; close that set, or all if none is.
 * Returns: somebody is still open. */
static bool close_some(struct solver *s, struct ideal_share *shares)
{
    struct level level = {s->machine->unit, 1}; /* weights are 1 or more: all get a whole unit */
    bool has_cut = false;
    bool has_open = false;

    while (!is_feasible(s, level)) { /* bound: the level falls, and each is that of a set */
        level = level_of_cut(s);
        has_cut = true;
        for (uint32_t class = 0; class < s->class_count; class ++)
            s->in_cut[class] = s->class_seen[class];
    }
    for (uint32_t class = 0; class < s->class_count; class ++) {
        if (s->is_open[class] && (!has_cut || s->in_cut[class])) {
            shares[class] = share_at(s, class, level);
            close_class(s, class, has_cut);
        }
        has_open |= s->is_open[class];
    }
    return has_open;
}

/* ---- The whole ------------------------------------------------------------------------------- */

static bool allocate(struct solver *s)
{
    size_t classes = s->class_count;
    size_t groups = s->group_count;

    s->capacity = calloc(groups, sizeof *s->capacity);
    s->is_allowed = calloc(classes * groups, sizeof *s->is_allowed);
    s->is_open = calloc(classes, sizeof *s->is_open);
    s->is_taken = calloc(groups, sizeof *s->is_taken);
    s->flow = calloc(classes * groups, sizeof *s->flow);
    s->need = calloc(classes, sizeof *s->need);
    s->room = calloc(groups, sizeof *s->room);
    s->is_capped = calloc(classes, sizeof *s->is_capped);
    s->in_cut = calloc(classes, sizeof *s->in_cut);
    s->class_parent = calloc(classes, sizeof *s->class_parent);
    s->group_parent = calloc(groups, sizeof *s->group_parent);
    s->class_seen = calloc(classes, sizeof *s->class_seen);
    s->group_seen = calloc(groups, sizeof *s->group_seen);
    s->queue = calloc(groups, sizeof *s->queue);
    return s->capacity != NULL && s->is_allowed != NULL && s->is_open != NULL &&
           s->is_taken != NULL && s->flow != NULL && s->need != NULL && s->room != NULL &&
           s->is_capped != NULL &&
           s->in_cut != NULL && s->class_parent != NULL && s->group_parent != NULL &&
           s->class_seen != NULL && s->group_seen != NULL && s->queue != NULL;
}

static void release(struct solver *s)
{
    free(s->group_of);
    free(s->capacity);
    free(s->is_allowed);
    free(s->is_open);
    free(s->is_taken);
    free(s->flow);
    free(s->need);
    free(s->room);
    free(s->is_capped);
    free(s->in_cut);
    free(s->class_parent);
    free(s->group_parent);
    free(s->class_seen);
    free(s->group_seen);
    free(s->queue);
}

static bool prepare(struct solver *s)
{
    s->group_of = calloc(s->machine->cpu_count, sizeof *s->group_of);
    return s->group_of != NULL && make_groups(s) && allocate(s);
}

bool ideal_solve(const struct ideal_machine *machine, const struct ideal_class *classes,
                 uint32_t class_count, struct ideal_share *shares)
{
    struct solver s = {.machine = machine, .classes = classes, .class_count = class_count};
    bool is_ready = prepare(&s);
    bool has_open = false;

    ASSERT(machine->unit > 0 && machine->unit <= IDEAL_UNIT_MAX);
    if (is_ready) {
        fill_groups(&s);
        for (uint32_t class = 0; class < class_count; class ++) {
            shares[class] = (struct ideal_share){0, 1};
            s.is_open[class] = classes[class].count > 0;
            has_open |= s.is_open[class];
        }
        while (has_open) /* bound: each turn closes a class */
            has_open = close_some(&s, shares);
    }
    release(&s);
    return is_ready;
}

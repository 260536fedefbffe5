/* SPDX-License-Identifier: MIT */
#include "core/eedq.h"
#include "core/sc.h"

#define TILT_MAX 2 /* by how much the heights of siblings may differ */

/* Which child; as numbers the answers of key_before. */
enum side { LATER, EARLIER };

/* The nodes of the arena, found once for a walk. */
struct nodes {
    struct sc *first;
    uint32_t count;
};

static struct nodes nodes_of(const struct sched *s)
{
    return (struct nodes){arena_at(s, s->sc_offset), s->thread_count};
}

static HOT struct eedq_node *node_at(struct nodes all, uint32_t slot)
{
    ASSERT(slot < all.count);
    return &all.first[slot].node;
}

/* Is `slot` one, and not SLOT_NONE?  One comparison, which is node_at's too. */
static HOT bool is_node(struct nodes all, uint32_t slot)
{
    if (slot < all.count)
        return true;
    ASSERT(slot == SLOT_NONE);
    return false;
}

static struct eedq_node *node_of(const struct sched *s, uint32_t slot)
{
    return &sc_of(s, slot)->node;
}

/* a earlier than b?  Wrap-safe, as the keys of one queue are near to each other. */
static bool key_before(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b) < 0;
}

static bool node_before(const struct eedq_node *a, const struct eedq_node *b)
{
    if (a->key.deadline != b->key.deadline)
        return key_before(a->key.deadline, b->key.deadline);
    return a->arrival < b->arrival;
}

void eedq_init(struct eedq *q)
{
    *q = (struct eedq){.root = SLOT_NONE};
}

/* ---- The array ---- */

/* The newcomer goes behind its equals: it came last.  Somebody is there already. */
static NOINLINE void array_insert(struct eedq *q, uint32_t sc, int64_t deadline)
{
    size_t at = q->count;
    int64_t before = q->deadline[at - 1];

    q->count++;
    while (key_before(deadline, before)) { /* at most EEDQ_ARRAY_MAX - 1 turns */
        q->deadline[at] = before;
        q->sorted[at] = q->sorted[at - 1];
        if (--at == 0)
            break;
        before = q->deadline[at - 1];
    }
    q->sorted[at] = sc;
    q->deadline[at] = deadline;
}

static HOT void array_remove(struct eedq *q, uint32_t sc)
{
    uint32_t at = 0;

    if (q->count == 1) {
        eedq_remove_only(q, sc);
        return;
    }
    while (q->sorted[at] != sc) { /* at most EEDQ_ARRAY_MAX turns */
        at++;
        ASSERT(at < q->count);
    }
    q->count--;
    for (; at < q->count; at++) {
        q->sorted[at] = q->sorted[at + 1];
        q->deadline[at] = q->deadline[at + 1];
    }
    q->sorted[at] = 0; /* equal queues are equal bytes: the explorer counts states by them */
    q->deadline[at] = 0;
}

/* ---- The tree ---- */

/* Who comes first; a tree is not empty. */
static uint32_t tree_first(struct nodes all, uint32_t root)
{
    uint32_t slot = root;

    for (unsigned depth = 0; node_at(all, slot)->child[EARLIER] != SLOT_NONE; depth++) {
        ASSERT(depth < EEDQ_DEPTH_MAX);
        slot = node_at(all, slot)->child[EARLIER];
    }
    return slot;
}

/* An empty subtree is as high as 0. */
static HOT uint32_t height_of(struct nodes all, uint32_t slot)
{
    return is_node(all, slot) ? node_at(all, slot)->height : 0;
}

/* Q2 for one child. */
static HOT int64_t least_with(struct nodes all, int64_t least, uint32_t child)
{
    if (!is_node(all, child))
        return least;
    int64_t other = node_at(all, child)->least_eligible;

    return key_before(other, least) ? other : least;
}

/* Both recompute what `n` knows of its subtree from its children. */
static HOT void update_least(struct nodes all, struct eedq_node *n)
{
    int64_t least = least_with(all, n->key.eligible_at, n->child[EARLIER]);

    n->least_eligible = least_with(all, least, n->child[LATER]);
}

/* Returns: by how much the later child is higher. */
static HOT int32_t update_height(struct nodes all, struct eedq_node *n)
{
    uint32_t earlier = height_of(all, n->child[EARLIER]);
    uint32_t later = height_of(all, n->child[LATER]);

    n->height = (earlier > later ? earlier : later) + 1;
    return (int32_t)(later - earlier);
}

/* `slot` may be none. */
static HOT void set_up(struct nodes all, uint32_t slot, uint32_t up)
{
    if (is_node(all, slot))
        node_at(all, slot)->up = up;
}

/* Put `child`, which may be none, where `old` hangs below `up` (SLOT_NONE: it is the root). */
static HOT void replace_child(struct nodes all, struct eedq *q, uint32_t up, uint32_t old,
                              uint32_t child)
{
    uint32_t *link = &q->root;

    if (up != SLOT_NONE) {
        struct eedq_node *parent = node_at(all, up);

        link = &parent->child[parent->child[EARLIER] == old ? EARLIER : LATER];
    }
    ASSERT(*link == old);
    *link = child;
    set_up(all, child, up);
}

/* The child on `side` takes the place of `slot`, where Q2 holds, which becomes its child. */
static void rotate(struct nodes all, struct eedq *q, uint32_t slot, enum side side)
{
    enum side other = side == EARLIER ? LATER : EARLIER;
    struct eedq_node *n = node_at(all, slot);
    uint32_t rising = n->child[side];
    struct eedq_node *r = node_at(all, rising);
    uint32_t moving = r->child[other];

    replace_child(all, q, n->up, slot, rising);
    n->child[side] = moving;
    set_up(all, moving, slot);
    r->child[other] = slot;
    n->up = rising;
    r->least_eligible = n->least_eligible; /* of the same nodes */
    update_least(all, n);
    (void)update_height(all, n);
    uint32_t height = height_of(all, r->child[side]);

    r->height = (height > n->height ? height : n->height) + 1;
}

/* Restore Q4 at `slot`, where it fails by 1 as `side` is too high (Knuth 6.2.3). */
static NOINLINE void balance(struct nodes all, struct eedq *q, uint32_t slot, enum side side)
{
    enum side other = side == EARLIER ? LATER : EARLIER;
    uint32_t child = node_at(all, slot)->child[side];
    const struct eedq_node *c = node_at(all, child);

    if (height_of(all, c->child[other]) > height_of(all, c->child[side]))
        rotate(all, q, child, other);
    rotate(all, q, slot, side);
}

/* From `slot` up to below `end`, a node having gone there that was eligible at `gone_at`: until a
 * subtree looks from above as it did. */
static void retrace(struct nodes all, struct eedq *q, uint32_t slot, uint32_t end, int64_t gone_at)
{
    for (unsigned turn = 0; slot != end; turn++) {
        struct eedq_node *n = node_at(all, slot);
        int64_t least = n->least_eligible;
        uint32_t height = n->height;
        int32_t tilt = update_height(all, n);

        ASSERT(turn < EEDQ_DEPTH_MAX);
        if (least == gone_at)
            update_least(all, n);
        if (tilt < -TILT_MAX || tilt > TILT_MAX) {
            balance(all, q, slot, tilt < 0 ? EARLIER : LATER);
            n = node_at(all, n->up); /* who took its place */
        }
        if (n->height == height && n->least_eligible == least)
            return;
        slot = n->up;
    }
}

/* From the leaf `slot` up, which came: Q2 holds. */
static HOT void retrace_heights(struct nodes all, struct eedq *q, uint32_t slot, uint32_t up)
{
    for (uint32_t height = 1; up != SLOT_NONE; height++) {
        struct eedq_node *n = node_at(all, up);
        enum side side = n->child[EARLIER] == slot ? EARLIER : LATER;

        ASSERT(height <= EEDQ_DEPTH_MAX);
        if (n->height > height)
            return;
        if (height_of(all, n->child[side == EARLIER ? LATER : EARLIER]) + TILT_MAX < height) {
            balance(all, q, up, side); /* as high as it was before the leaf came */
            return;
        }
        n->height = height + 1;
        slot = up;
        up = n->up;
    }
}

static HOT void make_leaf(struct eedq_node *n, uint32_t up)
{
    n->least_eligible = n->key.eligible_at;
    n->child[EARLIER] = SLOT_NONE;
    n->child[LATER] = SLOT_NONE;
    n->height = 1;
    n->up = up;
}

/* A tree of one. */
static void tree_begin(struct sched *s, struct eedq *q, uint32_t sc)
{
    make_leaf(node_of(s, sc), SLOT_NONE);
    q->root = sc;
    q->count = 1;
}

/* Behind its equals, as the newcomer and the array's are to be. */
static NOINLINE void tree_insert(struct sched *s, struct eedq *q, uint32_t sc)
{
    struct nodes all = nodes_of(s);
    struct eedq_node *n = node_at(all, sc);
    int64_t eligible_at = n->key.eligible_at;
    int64_t deadline = n->key.deadline;
    uint32_t up = q->root;
    struct eedq_node *above = node_at(all, up);

    for (unsigned depth = 0;; depth++) {
        ASSERT(depth < EEDQ_DEPTH_MAX);
        if (key_before(eligible_at, above->least_eligible))
            above->least_eligible = eligible_at; /* Q2 */
        uint32_t *link = &above->child[key_before(deadline, above->key.deadline)];

        if (!is_node(all, *link)) {
            *link = sc;
            break;
        }
        up = *link;
        above = node_at(all, up);
    }
    make_leaf(n, up);
    q->count++;
    retrace_heights(all, q, sc, up);
}

/* `n` of slot `sc` has two children: the next in order takes its place and what is known there.
 * Returns: who that is. */
static uint32_t put_next(struct nodes all, struct eedq *q, uint32_t sc, const struct eedq_node *n)
{
    uint32_t next = tree_first(all, n->child[LATER]);
    struct eedq_node *heir = node_at(all, next);
    uint32_t lost = heir->up; /* where the tree loses a node; the heir's own place: `sc` itself */

    replace_child(all, q, lost, next, heir->child[LATER]);
    replace_child(all, q, n->up, sc, next);
    for (enum side side = LATER; side <= EARLIER; side++) {
        heir->child[side] = n->child[side];
        set_up(all, n->child[side], next);
    }
    heir->height = n->height;
    heir->least_eligible = n->least_eligible;
    if (lost != sc)
        retrace(all, q, lost, next, heir->key.eligible_at);
    return next;
}

static NOINLINE void tree_remove(struct sched *s, struct eedq *q, uint32_t sc)
{
    struct nodes all = nodes_of(s);
    const struct eedq_node *n = node_at(all, sc);
    uint32_t changed = n->up;

    if (n->child[EARLIER] == SLOT_NONE)
        replace_child(all, q, n->up, sc, n->child[LATER]);
    else if (n->child[LATER] == SLOT_NONE)
        replace_child(all, q, n->up, sc, n->child[EARLIER]);
    else
        changed = put_next(all, q, sc, n);
    q->count--;
    retrace(all, q, changed, SLOT_NONE, n->key.eligible_at);
}

/* Who comes after `slot`, or SLOT_NONE. */
static uint32_t tree_next(struct nodes all, uint32_t slot)
{
    const struct eedq_node *n = node_at(all, slot);

    if (n->child[LATER] != SLOT_NONE)
        return tree_first(all, n->child[LATER]);
    uint32_t up = n->up;

    for (unsigned depth = 0; up != SLOT_NONE && node_at(all, up)->child[LATER] == slot; depth++) {
        ASSERT(depth < EEDQ_DEPTH_MAX);
        slot = up;
        up = node_at(all, slot)->up;
    }
    return up;
}

/* Up to `limit` slots in order into `slots`.  Returns how many. */
static uint32_t tree_list(const struct sched *s, const struct eedq *q, uint32_t limit,
                          uint32_t *slots)
{
    struct nodes all = nodes_of(s);
    uint32_t count = 0;

    for (uint32_t at = tree_first(all, q->root); at != SLOT_NONE && count < limit;
         at = tree_next(all, at))
        slots[count++] = at;
    return count;
}

/* Who is eligible is so until V or before: v W <= S <=> v <= floor(S / W), as v is whole. */
static int64_t latest_eligible(const struct eedq_clock *clock)
{
    return (int64_t)((uint64_t)clock->origin +
                     (uint64_t)wide_floor_div(clock->sum, clock->weight));
}

/* May anything at or below `slot` run now?  Q2 makes this one comparison. */
static HOT bool has_eligible(struct nodes all, uint32_t slot, int64_t latest)
{
    return is_node(all, slot) && !key_before(latest, node_at(all, slot)->least_eligible);
}

static NOINLINE uint32_t tree_pick(const struct sched *s, const struct eedq *q,
                                   const struct eedq_clock *clock)
{
    struct nodes all = nodes_of(s);
    uint32_t at = q->root;

    if (clock->weight == 0) /* everybody is eligible */
        return tree_first(all, at);
    int64_t latest = latest_eligible(clock);
    const struct eedq_node *n = node_at(all, at);

    if (key_before(latest, n->least_eligible))
        return SLOT_NONE;

    /*
     * The earlier ones while there is something eligible: their deadlines come before all that is
     * left behind.  Else this node if it is eligible, else a later one, where Q2 promises one.
     */
    for (unsigned depth = 0; depth < EEDQ_DEPTH_MAX; depth++) {
        uint32_t next = n->child[EARLIER];

        if (!has_eligible(all, next, latest)) {
            if (!key_before(latest, n->key.eligible_at))
                return at;
            next = n->child[LATER];
        }
        at = next;
        n = node_at(all, at);
    }
    UNREACHABLE(); /* deeper than a balanced tree of all slots can be */
}

/* ---- The queue ---- */

static bool is_array(const struct eedq *q)
{
    return q->root == SLOT_NONE;
}

static COLD void become_tree(struct sched *s, struct eedq *q)
{
    uint32_t count = q->count;

    tree_begin(s, q, q->sorted[0]);
    for (uint32_t i = 1; i < count; i++) /* EEDQ_ARRAY_MAX turns */
        tree_insert(s, q, q->sorted[i]);
    for (uint32_t i = 0; i < count; i++) {
        q->sorted[i] = 0;
        q->deadline[i] = 0;
    }
}

static COLD void become_array(const struct sched *s, struct eedq *q)
{
    uint32_t count = tree_list(s, q, EEDQ_ARRAY_MAX, q->sorted);

    ASSERT(count == q->count);
    for (uint32_t i = 0; i < count; i++)
        q->deadline[i] = node_of(s, q->sorted[i])->key.deadline;
    q->root = SLOT_NONE;
}

HOT void eedq_insert(struct sched *s, struct eedq *q, uint32_t sc, struct eedq_node *n)
{
    n->arrival = q->arrivals++;
    if (LIKELY(q->count == 0)) {
        q->count = 1;
        q->sorted[0] = sc;
        q->deadline[0] = n->key.deadline;
        return;
    }
    if (is_array(q)) {
        if (q->count < EEDQ_ARRAY_MAX) {
            array_insert(q, sc, n->key.deadline);
            return;
        }
        become_tree(s, q);
    }
    tree_insert(s, q, sc);
}

HOT void eedq_remove(struct sched *s, struct eedq *q, uint32_t sc)
{
    ASSERT(q->count > 0);
    if (is_array(q)) {
        array_remove(q, sc);
        return;
    }
    tree_remove(s, q, sc);
    if (q->count == EEDQ_ARRAY_AGAIN)
        become_array(s, q);
}

HOT uint32_t eedq_pick(const struct sched *s, const struct eedq *q, const struct eedq_clock *clock)
{
    if (!is_array(q))
        return tree_pick(s, q, clock);
    for (uint32_t i = 0; i < q->count; i++) /* at most EEDQ_ARRAY_MAX turns */
        if (eedq_is_eligible(node_of(s, q->sorted[i])->key.eligible_at, clock))
            return q->sorted[i];
    return SLOT_NONE;
}

uint32_t eedq_search(const struct sched *s, const struct eedq *q, eedq_accept *accept, uint32_t cpu,
                     uint32_t found[STEAL_SCAN_MAX])
{
    uint32_t first[STEAL_SCAN_MAX];
    const uint32_t *slots = is_array(q) ? q->sorted : first;
    uint32_t count = is_array(q) ? q->count : tree_list(s, q, STEAL_SCAN_MAX, first);

    uint32_t found_count = 0;

    for (uint32_t i = 0; i < count && i < STEAL_SCAN_MAX; i++)
        if (accept(s, slots[i], cpu))
            found[found_count++] = slots[i];
    return found_count;
}

uint32_t eedq_first(const struct sched *s, const struct eedq *q)
{
    if (!is_array(q))
        return tree_first(nodes_of(s), q->root);
    return q->count > 0 ? q->sorted[0] : SLOT_NONE;
}

uint32_t eedq_next(const struct sched *s, const struct eedq *q, uint32_t sc)
{
    uint32_t at = 0;

    if (!is_array(q))
        return tree_next(nodes_of(s), sc);
    while (q->sorted[at] != sc) { /* at most EEDQ_ARRAY_MAX turns */
        at++;
        ASSERT(at < q->count);
    }
    return at + 1 < q->count ? q->sorted[at + 1] : SLOT_NONE;
}

int64_t eedq_next_eligible(const struct sched *s, const struct eedq *q)
{
    ASSERT(q->count > 0);
    if (!is_array(q))
        return node_of(s, q->root)->least_eligible;
    int64_t least = node_of(s, q->sorted[0])->key.eligible_at;

    for (uint32_t i = 1; i < q->count; i++) /* at most EEDQ_ARRAY_MAX turns */
        if (key_before(node_of(s, q->sorted[i])->key.eligible_at, least))
            least = node_of(s, q->sorted[i])->key.eligible_at;
    return least;
}

static void array_check(const struct sched *s, const struct eedq *q)
{
    ASSERT(q->count <= EEDQ_ARRAY_MAX);
    for (uint32_t i = 0; i < q->count; i++)
        ASSERT(q->deadline[i] == node_of(s, q->sorted[i])->key.deadline);
    for (uint32_t i = 1; i < q->count; i++)
        ASSERT(node_before(node_of(s, q->sorted[i - 1]), node_of(s, q->sorted[i])));
}

/* Each node against its children, its parent and its predecessor. */
static void tree_check(const struct sched *s, const struct eedq *q)
{
    struct nodes all = nodes_of(s);
    const struct eedq_node *previous = NULL;
    uint32_t count = 0;

    ASSERT(node_of(s, q->root)->up == SLOT_NONE);
    for (uint32_t at = tree_first(all, q->root); at != SLOT_NONE; at = tree_next(all, at)) {
        const struct eedq_node *n = node_of(s, at);
        struct eedq_node right = *n;
        int32_t tilt = update_height(all, &right);

        update_least(all, &right);

        ASSERT(n->least_eligible == right.least_eligible);
        ASSERT(n->height == right.height);
        ASSERT(tilt >= -TILT_MAX);
        ASSERT(tilt <= TILT_MAX);
        for (enum side side = LATER; side <= EARLIER; side++)
            ASSERT(n->child[side] == SLOT_NONE || node_of(s, n->child[side])->up == at);
        ASSERT(previous == NULL || node_before(previous, n));
        ASSERT(++count <= q->count);
        previous = n;
    }
    ASSERT(count == q->count);
}

void eedq_check(const struct sched *s, const struct eedq *q)
{
    if (is_array(q)) {
        array_check(s, q);
        return;
    }
    ASSERT(q->count > EEDQ_ARRAY_AGAIN);
    tree_check(s, q);
}

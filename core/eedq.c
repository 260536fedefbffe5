/* SPDX-License-Identifier: MIT */
#include "core/eedq.h"
#include "core/sc.h"

/* The way from the root to a node, for fixing heights and least_eligible on the way back. */
struct path {
    uint32_t slot[EEDQ_DEPTH_MAX];
    unsigned depth;
};

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

static uint32_t height_of(const struct sched *s, uint32_t slot)
{
    return slot == SLOT_NONE ? 0 : node_of(s, slot)->height;
}

/* Q2 for one child. */
static void take_least(const struct sched *s, struct eedq_node *n, uint32_t child)
{
    if (child != SLOT_NONE && key_before(node_of(s, child)->least_eligible, n->least_eligible))
        n->least_eligible = node_of(s, child)->least_eligible;
}

/* Recompute what `slot` knows of its subtree from its children. */
static void node_update(const struct sched *s, uint32_t slot)
{
    struct eedq_node *n = node_of(s, slot);
    uint32_t left = height_of(s, n->left);
    uint32_t right = height_of(s, n->right);

    n->height = (left > right ? left : right) + 1;
    n->least_eligible = n->key.eligible_at;
    take_least(s, n, n->left);
    take_least(s, n, n->right);
}

/* Both return the root that takes the place of `slot`. */
static uint32_t rotate_right(const struct sched *s, uint32_t slot)
{
    uint32_t up = node_of(s, slot)->left;

    node_of(s, slot)->left = node_of(s, up)->right;
    node_of(s, up)->right = slot;
    node_update(s, slot);
    node_update(s, up);
    return up;
}

static uint32_t rotate_left(const struct sched *s, uint32_t slot)
{
    uint32_t up = node_of(s, slot)->right;

    node_of(s, slot)->right = node_of(s, up)->left;
    node_of(s, up)->left = slot;
    node_update(s, slot);
    node_update(s, up);
    return up;
}

/* Restore Q2 and Q4 at `slot`, whose subtrees hold them and differ by at most 2 (Knuth 6.2.3). */
static uint32_t rebalance(const struct sched *s, uint32_t slot)
{
    struct eedq_node *n = node_of(s, slot);
    uint32_t left = height_of(s, n->left);
    uint32_t right = height_of(s, n->right);

    if (left > right + 1) {
        const struct eedq_node *l = node_of(s, n->left);

        if (height_of(s, l->right) > height_of(s, l->left))
            n->left = rotate_left(s, n->left);
        return rotate_right(s, slot);
    }
    if (right > left + 1) {
        const struct eedq_node *r = node_of(s, n->right);

        if (height_of(s, r->left) > height_of(s, r->right))
            n->right = rotate_right(s, n->right);
        return rotate_left(s, slot);
    }
    node_update(s, slot);
    return slot;
}

static void path_push(struct path *path, uint32_t slot)
{
    ASSERT(path->depth < EEDQ_DEPTH_MAX);
    path->slot[path->depth++] = slot;
}

/* Put `child` where `old` hangs below the path's node `above` (or at the root). */
static void replace_child(struct sched *s, struct eedq *q, const struct path *path, unsigned above,
                          const uint32_t old_new[2])
{
    if (above == 0) {
        q->root = old_new[1];
        return;
    }
    struct eedq_node *parent = node_of(s, path->slot[above - 1]);

    if (parent->left == old_new[0])
        parent->left = old_new[1];
    else
        parent->right = old_new[1];
}

/* From the path's end up to the root: every subtree on the way changed by one node. */
static void retrace(struct sched *s, struct eedq *q, const struct path *path)
{
    for (unsigned level = path->depth; level-- > 0;) {
        uint32_t old = path->slot[level];
        uint32_t new_root = rebalance(s, old);

        replace_child(s, q, path, level, (const uint32_t[2]){old, new_root});
    }
}

void eedq_init(struct eedq *q)
{
    *q = (struct eedq){.root = SLOT_NONE};
}

void eedq_insert(struct sched *s, struct eedq *q, uint32_t sc, struct eedq_key key)
{
    struct eedq_node *n = node_of(s, sc);
    struct path path = {.depth = 0};
    uint32_t *at = &q->root;

    *n = (struct eedq_node){.key = key,
                            .least_eligible = key.eligible_at,
                            .arrival = q->arrivals++,
                            .left = SLOT_NONE,
                            .right = SLOT_NONE,
                            .height = 1};
    while (*at != SLOT_NONE) { /* bound: path_push asserts the depth */
        struct eedq_node *here = node_of(s, *at);

        ASSERT(*at != sc);
        path_push(&path, *at);
        at = node_before(n, here) ? &here->left : &here->right;
    }
    *at = sc;
    q->count++;
    retrace(s, q, &path);
}

/* The path from the root to `sc` itself, which is linked. */
static struct path path_to(const struct sched *s, const struct eedq *q, uint32_t sc)
{
    const struct eedq_node *n = node_of(s, sc);
    struct path path = {.depth = 0};
    uint32_t at = q->root;

    while (at != sc) { /* bound: path_push asserts the depth */
        ASSERT(at != SLOT_NONE);
        path_push(&path, at);
        at = node_before(n, node_of(s, at)) ? node_of(s, at)->left : node_of(s, at)->right;
    }
    path_push(&path, sc);
    return path;
}

void eedq_remove(struct sched *s, struct eedq *q, uint32_t sc)
{
    ASSERT(q->count > 0);

    struct path path = path_to(s, q, sc);
    struct eedq_node *n = node_of(s, sc);
    unsigned place = path.depth - 1;
    uint32_t heir = n->left == SLOT_NONE ? n->right : n->left;

    if (n->left != SLOT_NONE && n->right != SLOT_NONE) {
        /* Two children: the successor takes this place, and its old place loses a node. */
        path_push(&path, n->right);
        while (node_of(s, path.slot[path.depth - 1])->left != SLOT_NONE)
            path_push(&path, node_of(s, path.slot[path.depth - 1])->left);
        heir = path.slot[path.depth - 1];
        uint32_t orphan = node_of(s, heir)->right;

        replace_child(s, q, &path, path.depth - 1, (const uint32_t[2]){heir, orphan});
        node_of(s, heir)->left = n->left;
        node_of(s, heir)->right = n->right;
    }
    path.depth--;
    replace_child(s, q, &path, place, (const uint32_t[2]){sc, heir});
    if (path.depth > place)
        path.slot[place] = heir;
    q->count--;
    retrace(s, q, &path);
}

/* May anything at or below `slot` run now?  Q2 makes this one comparison. */
static bool has_eligible(const struct sched *s, uint32_t slot, eedq_eligible *is_eligible,
                         const void *clock)
{
    return slot != SLOT_NONE && is_eligible(node_of(s, slot)->least_eligible, clock);
}

uint32_t eedq_pick(const struct sched *s, const struct eedq *q, eedq_eligible *is_eligible,
                   const void *clock)
{
    ASSERT((q->count == 0) == (q->root == SLOT_NONE));
    if (!has_eligible(s, q->root, is_eligible, clock))
        return SLOT_NONE;

    /*
     * Go left while the left subtree holds something eligible: all its deadlines are earlier than
     * everything left behind.  Else this node if it is eligible, else right, where Q2 promises one.
     */
    uint32_t at = q->root;

    for (unsigned depth = 0; depth < EEDQ_DEPTH_MAX; depth++) {
        const struct eedq_node *n = node_of(s, at);

        if (has_eligible(s, n->left, is_eligible, clock))
            at = n->left;
        else if (is_eligible(n->key.eligible_at, clock))
            return at;
        else
            at = n->right;
    }
    UNREACHABLE(); /* deeper than a balanced tree of all slots can be */
}

uint32_t eedq_search(const struct sched *s, const struct eedq *q, eedq_accept *accept, uint32_t cpu)
{
    struct path path = {.depth = 0};
    uint32_t at = q->root;

    for (unsigned seen = 0; seen < STEAL_SCAN_MAX; seen++) {
        while (at != SLOT_NONE) { /* bound: path_push asserts the depth */
            path_push(&path, at);
            at = node_of(s, at)->left;
        }
        if (path.depth == 0)
            return SLOT_NONE;
        at = path.slot[--path.depth];
        if (accept(s, at, cpu))
            return at;
        at = node_of(s, at)->right;
    }
    return SLOT_NONE;
}

int64_t eedq_next_eligible(const struct sched *s, const struct eedq *q)
{
    ASSERT(q->count > 0);
    return node_of(s, q->root)->least_eligible;
}

/* In-order walk without recursion; checks each node against its children and its predecessor. */
void eedq_check(const struct sched *s, const struct eedq *q)
{
    struct path path = {.depth = 0};
    uint32_t at = q->root;
    const struct eedq_node *previous = NULL;
    uint32_t count = 0;

    while (at != SLOT_NONE || path.depth > 0) { /* bound: count is asserted at each node */
        while (at != SLOT_NONE) {
            path_push(&path, at);
            at = node_of(s, at)->left;
        }
        at = path.slot[--path.depth];
        struct eedq_node *n = node_of(s, at);
        struct eedq_node found = *n;

        node_update(s, at);
        ASSERT(found.least_eligible == n->least_eligible);
        ASSERT(found.height == n->height);
        ASSERT(height_of(s, n->left) <= height_of(s, n->right) + 1);
        ASSERT(height_of(s, n->right) <= height_of(s, n->left) + 1);
        ASSERT(previous == NULL || node_before(previous, n));
        ASSERT(++count <= q->count);
        previous = n;
        at = n->right;
    }
    ASSERT(count == q->count);
}

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

/*
 * From the path's end up: every subtree on the way changed by one node.  It ends where a subtree
 * looks from above as it did, by its root, height and least; but not below `level`, where another
 * node has come into the path (EEDQ_DEPTH_MAX: nowhere).
 */
static void retrace(struct sched *s, struct eedq *q, const struct path *path, unsigned level)
{
    for (unsigned at = path->depth; at-- > 0;) {
        uint32_t old = path->slot[at];
        const struct eedq_node *n = node_of(s, old);
        int64_t least = n->least_eligible;
        uint32_t height = n->height;
        uint32_t new_root = rebalance(s, old);

        if (new_root != old)
            replace_child(s, q, path, at, (const uint32_t[2]){old, new_root});
        else if (n->height != height || n->least_eligible != least)
            continue;
        else if (level < at)
            at = level + 1;
        else
            return;
    }
}

void eedq_init(struct eedq *q)
{
    *q = (struct eedq){.root = SLOT_NONE};
}

/* ---- The array ---- */

/* The newcomer goes behind its equals: it came last. */
static void array_insert(struct sched *s, struct eedq *q, uint32_t sc, int64_t deadline)
{
    uint32_t at = q->count++;

    if (LIKELY(at == 0)) {
        q->sorted[0] = sc;
        return;
    }
    for (; at > 0; at--) { /* at most EEDQ_ARRAY_MAX - 1 turns */
        uint32_t before = q->sorted[at - 1];

        ASSERT(before != sc);
        if (!key_before(deadline, node_of(s, before)->key.deadline))
            break;
        q->sorted[at] = before;
    }
    q->sorted[at] = sc;
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
    for (; at < q->count; at++)
        q->sorted[at] = q->sorted[at + 1];
    q->sorted[at] = 0; /* equal queues are equal bytes: the explorer counts states by them */
}

/* ---- The tree ---- */

static NOINLINE void tree_insert(struct sched *s, struct eedq *q, uint32_t sc)
{
    struct eedq_node *n = node_of(s, sc);
    struct path path = {.depth = 0};
    uint32_t *at = &q->root;

    n->least_eligible = n->key.eligible_at;
    n->left = SLOT_NONE;
    n->right = SLOT_NONE;
    n->height = 1;
    while (*at != SLOT_NONE) { /* bound: path_push asserts the depth */
        struct eedq_node *here = node_of(s, *at);

        ASSERT(*at != sc);
        path_push(&path, *at);
        at = node_before(n, here) ? &here->left : &here->right;
    }
    *at = sc;
    q->count++;
    retrace(s, q, &path, EEDQ_DEPTH_MAX);
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

static NOINLINE void tree_remove(struct sched *s, struct eedq *q, uint32_t sc)
{
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
        node_of(s, heir)->height = n->height; /* what those above have seen there */
        node_of(s, heir)->least_eligible = n->least_eligible;
    }
    path.depth--;
    replace_child(s, q, &path, place, (const uint32_t[2]){sc, heir});
    q->count--;
    if (path.depth > place) {
        path.slot[place] = heir;
        retrace(s, q, &path, place);
    } else {
        retrace(s, q, &path, EEDQ_DEPTH_MAX);
    }
}

/* Up to `limit` slots in order into `slots`.  Returns how many. */
static uint32_t tree_list(const struct sched *s, const struct eedq *q, uint32_t limit,
                          uint32_t *slots)
{
    struct path path = {.depth = 0};
    uint32_t at = q->root;
    uint32_t count = 0;

    while (count < limit) {
        while (at != SLOT_NONE) { /* bound: path_push asserts the depth */
            path_push(&path, at);
            at = node_of(s, at)->left;
        }
        if (path.depth == 0)
            break;
        slots[count] = path.slot[--path.depth];
        at = node_of(s, slots[count++])->right;
    }
    return count;
}

/* May anything at or below `slot` run now?  Q2 makes this one comparison. */
static bool has_eligible(const struct sched *s, uint32_t slot, const struct eedq_clock *clock)
{
    return slot != SLOT_NONE && eedq_is_eligible(node_of(s, slot)->least_eligible, clock);
}

static NOINLINE uint32_t tree_pick(const struct sched *s, const struct eedq *q,
                          const struct eedq_clock *clock)
{
    if (!has_eligible(s, q->root, clock))
        return SLOT_NONE;

    /*
     * Go left while the left subtree holds something eligible: all its deadlines are earlier than
     * everything left behind.  Else this node if it is eligible, else right, where Q2 promises one.
     */
    uint32_t at = q->root;

    for (unsigned depth = 0; depth < EEDQ_DEPTH_MAX; depth++) {
        const struct eedq_node *n = node_of(s, at);

        if (has_eligible(s, n->left, clock))
            at = n->left;
        else if (eedq_is_eligible(n->key.eligible_at, clock))
            return at;
        else
            at = n->right;
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

    q->count = 0;
    for (uint32_t i = 0; i < count; i++) { /* EEDQ_ARRAY_MAX turns */
        tree_insert(s, q, q->sorted[i]);
        q->sorted[i] = 0;
    }
}

static COLD void become_array(const struct sched *s, struct eedq *q)
{
    uint32_t count = tree_list(s, q, EEDQ_ARRAY_MAX, q->sorted);

    ASSERT(count == q->count);
    q->root = SLOT_NONE;
}

HOT void eedq_insert(struct sched *s, struct eedq *q, uint32_t sc, struct eedq_node *n)
{
    n->arrival = q->arrivals++;
    if (is_array(q)) {
        if (q->count < EEDQ_ARRAY_MAX) {
            array_insert(s, q, sc, n->key.deadline);
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
    for (uint32_t i = 1; i < q->count; i++)
        ASSERT(node_before(node_of(s, q->sorted[i - 1]), node_of(s, q->sorted[i])));
}

/* In-order walk without recursion; checks each node against its children and its predecessor. */
static void tree_check(const struct sched *s, const struct eedq *q)
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

void eedq_check(const struct sched *s, const struct eedq *q)
{
    if (is_array(q)) {
        array_check(s, q);
        return;
    }
    ASSERT(q->count > EEDQ_ARRAY_AGAIN);
    tree_check(s, q);
}

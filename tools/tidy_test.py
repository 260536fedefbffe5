#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rules of tools/tidy, each on small trees where it must fire and where it must not.  TAP."""

import os
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import tidy_rules  # noqa: E402
import tidy_source  # noqa: E402
import tidy_tables  # noqa: E402

SPDX_C = "/* SPDX-License-Identifier: MIT */\n"
GUARD = "#ifndef {0}\n#define {0}\n#endif\n"

# Rows: (rule, what the test shows, {path: text}, where it must fire: [(path, line)]).
CASES = []


def case(rule, shows, files, fires=()):
    CASES.append((rule, shows, files, sorted(fires)))


# ---- include ----
case("include", "what the table allows passes", {
    "base/a.c": '#include "abi/b.h"\n#include "base/c.h"\n#include <stdint.h>\n',
    "core/a.c": '#include "base/c.h"\n#include "core/d.h"\n',
    "kernel/a.c": '#include "core/d.h"\n#include "kernel/arch.h"\n#include <stdatomic.h>\n',
    "kernel/arch/x86_64/a.c": '#include "kernel/arch.h"\n#include "kernel/arch/x86_64/b.h"\n',
    "user/loadgen/a.c": '#include "workload/step.h"\n#include "user/rt/r.h"\n'
                        '#include "user/loadgen/b.h"\n',
    "sim/a.c": '#include "core/d.h"\n#include "workload/step.h"\n#include <stdio.h>\n',
    "tools/a.c": '#include "sim/sim.h"\n#include "workload/x.h"\n#include <argp.h>\n',
    "examples/a/a.c": '#include <capos.h>\n#include <stdint.h>\n#include "b.h"\n'})
case("include", "upward and sideways includes are found", {
    "abi/a.h": '#include "base/b.h"\n',
    "base/a.c": '#include "core/d.h"\n',
    "core/a.c": 'int x;\n#include "kernel/arch.h"\n#include "sim/sim.h"\n',
    "kernel/a.c": '#include "kernel/arch/x86_64/b.h"\n',
    "kernel/arch/x86_64/a.c": '#include "core/d.h"\n#include "kernel/klog.h"\n',
    "user/loadgen/a.c": '#include "user/bench/b.h"\n#include "workload/read.h"\n',
    "workload/a.c": '#include "core/d.h"\n',
    "workload/step.c": '#include "workload/read.h"\n',
    "tools/a.c": '#include "core/d.h"\n#include "sim/machine.h"\n',
    "examples/a/a.c": '#include "user/rt/r.h"\n#include "../b.h"\n',
    "user/rt/b.c": '#include "b.h"\n'},
    [("abi/a.h", 1), ("base/a.c", 1), ("core/a.c", 2), ("core/a.c", 3), ("kernel/a.c", 1),
     ("kernel/arch/x86_64/a.c", 1), ("kernel/arch/x86_64/a.c", 2), ("user/loadgen/a.c", 1),
     ("user/loadgen/a.c", 2), ("workload/a.c", 1), ("workload/step.c", 1), ("tools/a.c", 1),
     ("tools/a.c", 2), ("examples/a/a.c", 1), ("examples/a/a.c", 2), ("user/rt/b.c", 1)])
case("include", "the C library stays out of freestanding code, but not out of its tests", {
    "core/a.c": "#include <string.h>\n", "kernel/a.c": "#include <stdio.h>\n",
    "user/rt/a.c": "#include <stdlib.h>\n", "core/a_test.c": "#include <cmocka.h>\n"},
    [("core/a.c", 1), ("kernel/a.c", 1), ("user/rt/a.c", 1)])
case("include", "tests may include test support, but no other folder's insides; assembly neither", {
    "core/a_test.c": '#include "tests/support.h"\n#include "kernel/arch.h"\n',
    "kernel/arch/x86_64/test/a.c": '#include "kernel/selftest.h"\n#include "sim/sim.h"\n',
    "kernel/arch/x86_64/a.S": '#include "kernel/cpu.h"\n#include "core/rq.h"\n'},
    [("core/a_test.c", 2), ("kernel/arch/x86_64/test/a.c", 2), ("kernel/arch/x86_64/a.S", 2)])
case("include", "random numbers stay out of the core, but not out of its tests", {
    "core/a.c": '#include "base/prng.h"\n', "core/a_test.c": '#include "base/prng.h"\n',
    "sim/a.c": '#include "base/prng.h"\n'}, [("core/a.c", 1)])
case("include", "a path relative to the file and a folder without a rule are found", {
    "base/a.c": '#include "b.h"\n', "extra/a.c": "int x;\n"}, [("base/a.c", 1), ("extra/a.c", 1)])

# ---- dead ----
case("dead", "a header that is included or named by a makefile passes", {
    "base/a.h": "", "base/b.c": '#include "base/a.h"\n', "sim/port.h": "",
    "sim/build.mk": "FLAGS := -include sim/port.h\n"})
case("dead", "a header nobody includes is found", {"base/a.h": "", "base/b.c": ""},
     [("base/a.h", 1)])

# ---- size ----
BODY = "    x++;\n"
case("size", "a function of 70 lines and files at their limits pass", {
    "base/a.c": "int f(int x)\n{\n" + BODY * 67 + "}\n",
    "base/b.c": "int x;\n" * 600, "base/b.h": "int x;\n" * 250, "base/README.md": "x\n" * 80})
case("size", "a function of 71 lines is found where it begins, over several lines of head too", {
    "base/a.c": "int x;\n\nint f(int x,\n      int y)\n{\n" + BODY * 67 + "}\n"},
    [("base/a.c", 3)])
case("size", "a long file is found behind its limit", {
    "base/b.c": "int x;\n" * 601, "base/b.h": "int x;\n" * 251, "base/README.md": "x\n" * 81},
    [("base/b.c", 601), ("base/b.h", 251), ("base/README.md", 81)])

# ---- form ----
case("form", "clean text passes, and makefiles may have tabs", {
    "base/a.c": "x" * 100 + "\n", "base/build.mk": "a:\n\tcc\n",
    "examples/a/Makefile": "a:\n\tcc\n", "docs/a.md": "x" * 200 + "\n"})
case("form", "tab, space at the end, 101 columns and a missing last newline are found", {
    "base/a.c": "\tx\nx \n" + "x" * 101 + "\nx"},
    [("base/a.c", 1), ("base/a.c", 2), ("base/a.c", 3), ("base/a.c", 4)])

# ---- spdx ----
case("spdx", "first line, or second of a script", {
    "base/a.c": SPDX_C, "tools/x": "#!/bin/bash\n# SPDX-License-Identifier: MIT\n",
    "docs/a.md": "text\n"})
case("spdx", "a missing one is found", {
    "base/a.c": "int x;\n", "tools/x": "#!/bin/bash\n", "base/build.mk": "x := 1\n"},
    [("base/a.c", 1), ("tools/x", 1), ("base/build.mk", 1)])

# ---- directive ----
case("directive", "a header guard named after the path passes, also one behind a comment", {
    "base/a.h": "/* #if in a comment */\n" + GUARD.format("BASE_A_H"), "base/a.c": "int x;\n"})
case("directive", "any other condition is found", {
    "base/a.h": GUARD.format("BASE_A_H") + "#ifdef KERNEL\n#else\n#endif\n",
    "base/a.c": "#if 1\n#endif\n"},
    [("base/a.h", 4), ("base/a.h", 5), ("base/a.c", 1)])
case("directive", "a guard of another name is found", {"base/a.h": GUARD.format("A_H")},
     [("base/a.h", 1)])

# ---- type ----
case("type", "struct names pass", {"base/a.h": "struct rq;\nstruct rq *rq_of(uint32_t cpu);\n"})
case("type", "typedef of a struct and names in _t are found", {
    "base/a.h": "typedef struct rq rq;\nstruct rq_t { int x; };\n"},
    [("base/a.h", 1), ("base/a.h", 2)])

# ---- word ----
case("word", "ordinary words that contain banned ones pass", {
    "core/a.c": "/* available, maintain, adjust, multitasking, sticky, TODOS, agenda */\n",
    "tools/a.c": "/* the task's priority, as rt-app has it */\n",
    "README.md": "a path like my/work/dir\n"})
case("word", "each banned word is found, in any text", {
    "core/a.c": "/* TODO */\n/* see issue #3 */\n/* an Agent */\n/* simply */\n/* a timeslice */\n"
                "int x_ticks;\n/* the task */\n/* priority */\n",
    "docs/a.md": "made with AI\nin /work/main\nRobust\nXXX\n"},
    [("core/a.c", n) for n in range(1, 9)] + [("docs/a.md", n) for n in range(1, 5)])
case("word", "the lists of banned words may name them", {"STYLE.md": "never say robust or TODO\n"})

# ---- core ----
case("core", "integers pass, also beside comments and texts that name the forbidden", {
    "core/a.c": "/* no float here */\nstatic const char *x = \"double\";\nint afloat;\n",
    "core/a_test.c": "float x;\n", "sim/a.c": "double x;\n"})
case("core", "floating point, volatile, assembly, allocation, random numbers are found", {
    "core/a.c": "float a;\nvolatile int b;\nvoid f(void)\n{\n    __asm__(\"nop\");\n"
                "    malloc(1);\n    prng_next(p);\n}\n"},
    [("core/a.c", n) for n in (1, 2, 5, 6, 7)])

# ---- charge ----
POINTS = ["SWITCH", "PREEMPT", "BLOCK", "HANDOFF", "UNBLOCK", "EXIT"]
ACCOUNT_H = ("enum charge_point { " + ", ".join("CHARGE_" + p for p in POINTS) +
             ", CHARGE_POINT_COUNT };\nvoid account_charge(int cpu, enum charge_point point);\n")


def charges(points):
    return "".join(f"    account_charge(f(s, 1), now,\n        CHARGE_{p});\n" for p in points)


case("charge", "one caller for each point that exists passes", {
    "core/account.h": ACCOUNT_H, "core/account.c": "void account_charge(int c, int p)\n{\n}\n",
    "core/sched.c": charges(POINTS), "core/sched_test.c": "account_charge(0, point);\n"})
case("charge", "a point without a caller is found", {
    "core/account.h": ACCOUNT_H, "core/sched.c": charges(POINTS[1:])}, [("core/account.h", 1)])
case("charge", "a call that names no point, and one outside the core, are found", {
    "core/account.h": ACCOUNT_H,
    "core/sched.c": charges(POINTS) + "    account_charge(0, point);\n",
    "kernel/a.c": "    account_charge(0, CHARGE_EXIT);\n"},
    [("core/sched.c", 1 + 2 * len(POINTS)), ("kernel/a.c", 1)])
case("charge", "a point missing from the enum is found", {
    "core/account.h": ACCOUNT_H.replace("CHARGE_EXIT, ", ""),
    "core/sched.c": charges(p for p in POINTS if p != "EXIT")}, [("core/account.h", 1)])

# ---- pause ----
case("pause", "loops that pause, halt or show their bound pass", {
    "kernel/a.c": "void f(void)\n{\n    while (atomic_load(&x) == 0)\n        arch_pause();\n"
                  "    for (;;)\n        __asm__ volatile(\"hlt\");\n"
                  "    for (;;) { /* at most 8 turns */\n        g();\n    }\n"
                  "    do {\n        x86_pause();\n    } while (atomic_load(&x));\n"
                  "    for (int i = 0; i < 9; i++)\n        g();\n"
                  "    while (*text != 0)\n        text++;\n}\n",
    "user/rt/a.c": "    while (atomic_load(&x) == 1)\n        (void)rt_park(&x, 1, never);\n"
                   "    while (true) {\n        if (rt_now_ns() > end)\n            break;\n"
                   "        rt_pause();\n    }\n",
    "sim/a.c": "    for (;;)\n        g();\n"})
case("pause", "a waiting loop without one is found, in each of its forms", {
    "kernel/a.c": "    for (;;)\n        g();\n    while (1) {\n        g();\n    }\n"
                  "    while (atomic_load_explicit(&x, y) != 0)\n        ;\n"
                  "    do {\n        g();\n    } while (arch_clock_ns() < end);\n"
                  "    for (; !port_trylock(l);)\n        g();\n",
    "user/rt/a.c": "    while (true)\n        if (g())\n            h(1);\n    rt_pause();\n"},
    [("kernel/a.c", n) for n in (1, 3, 6, 8, 11)] + [("user/rt/a.c", 1)])

# ---- test ----
case("test", "a source with its test beside it passes; other folders need none", {
    "core/a.c": "", "core/a_test.c": "", "core/fixture/f.c": "", "kernel/a.c": "",
    "workload/read_fuzz.c": "", "workload/test_read.c": ""})
case("test", "a missing test is found", {"core/a.c": "", "base/b.c": "", "workload/c.c": ""},
     [("core/a.c", 1), ("base/b.c", 1), ("workload/c.c", 1)])

# ---- readme, link ----
case("readme", "a folder with a README passes", {
    "README.md": "", "core/README.md": "", "core/a.c": "", "core/fixture/f.c": "", ".ci/run": "",
    "core/corpus/x/y.c": ""})
case("readme", "a folder without one is found", {"README.md": "", "core/a.c": ""}, [("core", 1)])
case("link", "links to files, folders, places and sites pass", {
    "docs/a.md": "[b](b.md) [c](../core) [d](b.md#top) [e](#here) [f](https://x.org/y)\n",
    "docs/b.md": "", "core/a.c": ""})
case("link", "a link to nothing is found", {"docs/a.md": "x\n[b](c.md)\n"}, [("docs/a.md", 2)])

# ---- proofs ----
BOXES = [f"{letter}{n + 1}" for letter, count in tidy_tables.BOXES.items() for n in range(count)]


def proofs(change):
    """A row for every box; `change` maps a box to its row, or to None for no row."""
    rows = [change.get(box, f"| {box} | what it asks | not yet |") for box in BOXES]
    return "".join(row + "\n" for row in rows if row is not None)


case("proofs", "a row for each box, with commands of files that exist, passes", {
    "docs/proofs.md": proofs({"B1": "| B1 | queues | `build/test/core/rq_test`, `tools/x` |"}),
    "core/rq_test.c": "", "tools/x": ""})
case("proofs", "no file, a missing row, an empty row and a lost test are found", {
    "docs/proofs.md": proofs({"A1": None, "A2": "| A2 | this | |",
                              "A3": "| A3 | | not yet |",
                              "A4": "| A4 | that | `build/test/core/gone_test` |"})},
    [("docs/proofs.md", 1), ("docs/proofs.md", 1), ("docs/proofs.md", 2), ("docs/proofs.md", 3)])
case("proofs", "no file at all is found", {"core/a.c": ""}, [("docs/proofs.md", 1)])


def fired(rule, files):
    folder = tempfile.mkdtemp(prefix="tidy-test-")
    try:
        for path, text in files.items():
            full = os.path.join(folder, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        found = tidy_rules.findings(tidy_source.Tree(folder), [rule])
        return sorted((path, line) for path, line, _, _ in found)
    finally:
        shutil.rmtree(folder)


def main():
    failed = 0
    untested = [name for name in tidy_rules.RULES
                if not any(c[0] == name and c[3] for c in CASES) or
                not any(c[0] == name and not c[3] for c in CASES)]
    print(f"1..{len(CASES) + 1}")
    for number, (rule, shows, files, expected) in enumerate(CASES, 1):
        got = fired(rule, files)
        failed += got != expected
        print(f"{'ok' if got == expected else 'not ok'} {number} - {rule}: {shows}")
        if got != expected:
            print(f"# missing: {[f for f in expected if f not in got]}")
            print(f"# unexpected: {[f for f in got if f not in expected]}")
    failed += len(untested) > 0
    verdict = "not ok" if untested else "ok"
    print(f"{verdict} {len(CASES) + 1} - every rule has a case for each side")
    for name in untested:
        print(f"# {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

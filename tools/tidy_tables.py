# SPDX-License-Identifier: MIT
"""The tables of tools/tidy: who may include whom, sizes, words, and the exceptions."""

# ---- Includes: what is not listed is an error -------------------------------------------------

PLAIN = ["stdbool.h", "stddef.h", "stdint.h"]
FREESTANDING = PLAIN + ["limits.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdnoreturn.h"]
ANY = None  # the whole C library and the libraries we use

# The part of workload/ that also runs in the guest.
SHARED = ["workload/step.h", "workload/hist.h", "workload/image.h"]

# The longest matching prefix of a file's path decides.  (prefix, may include, system headers)
INCLUDES = [
    ("abi/", ["abi/"], PLAIN),
    ("base/", ["abi/", "base/"], PLAIN),
    ("core/", ["abi/", "base/", "core/"], PLAIN),
    ("kernel/", ["abi/", "base/", "core/", "kernel/*"], FREESTANDING),
    ("kernel/arch/x86_64/",
     ["abi/", "base/", "kernel/arch.h", "kernel/cpu.h", "kernel/arch/x86_64/"], FREESTANDING),
    ("kernel/arch/blank/",
     ["abi/", "base/", "kernel/arch.h", "kernel/cpu.h", "kernel/arch/blank/"], FREESTANDING),
    ("user/", ["abi/", "base/", "user/rt/", "user/."] + SHARED, FREESTANDING),
    ("user/rt/", ["abi/", "base/", "user/rt/"], FREESTANDING),
    ("workload/", ["abi/", "base/", "workload/"], ANY),
    ("workload/step.", ["abi/", "base/"] + SHARED, FREESTANDING),
    ("workload/hist.", ["abi/", "base/"] + SHARED, FREESTANDING),
    ("workload/image.", ["abi/", "base/"] + SHARED, FREESTANDING),
    ("sim/", ["abi/", "base/", "core/", "workload/", "sim/"], ANY),
    ("tools/", ["abi/", "base/", "workload/", "sim/sim.h", "tools/"], ANY),
    ("tests/", [""], ANY),
    ("examples/", ["examples/."], FREESTANDING + ["capos.h"]),  # with the SDK
]
# "kernel/*" is the folder itself, not those below it; "user/." the file's own folder.
# A unit test may include, besides what its folder may, the libraries it needs, everything of its
# own top folder, and shared test support:
TEST_MAY_INCLUDE = ["tests/"]
# And every unit test.
PRNG_MAY_INCLUDE = ["base/", "sim/", "workload/", "tests/", "tools/", "user/guest_test/"]

# ---- Sizes ------------------------------------------------------------------------------------

LINE_COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = [("README.md", 80), (".c", 600), (".h", 250), (".S", 400), (".py", 600)]

# ---- Words: (pattern, why, path prefixes where it is allowed) ---------------------------------

LISTS = ["STYLE.md", "docs/glossary.md", "tools/tidy_tables.py", "tools/tidy_test.py"]
RT_APP = ["README.md", "abi/workload.h", "docs/", "man/", "sim/", "tests/", "tools/",
          "user/loadgen/", "workload/", "workloads/"]
WORDS = [
    (r"\b(TODO|FIXME|XXX)\b", "an open end; finish it or write it into docs/", LISTS),
    (r"(?i)\bissues? #?\d+", "a number that means nothing outside a tracker", LISTS),
    (r"\bAI\b|\bLLMs?\b|(?i:\b(agents?|claude|chatgpt|copilot)\b)",
     "the text is about the product, not about how it came to be", LISTS),
    (r"(?<![\w.])/work/", "a path of one machine", LISTS),
    (r"(?i)\b(comprehensive|robust|powerful|seamless(ly)?|simply|obviously|just)\b",
     "say the number or the rule", LISTS),
    (r"(?i)\btime[- ]?slices?\b", "it is a slice", LISTS),
    (r"(?i)\bticks\b|_ticks?\b|\btick_", "there is no tick; say nanoseconds", LISTS),
    (r"(?i)\btasks?\b", "it is a thread; a task is a row of an rt-app file",
     LISTS + RT_APP + ["kernel/arch/x86_64/"]),  # the processor has a task state segment
    (r"(?i)\bpriorit(y|ies)\b", "we have weight and latency class", LISTS + RT_APP),
]

# ---- The scheduler core -----------------------------------------------------------------------

CORE_FORBIDDEN = (r"\b(float|double|volatile|asm|__asm__|__asm|malloc|calloc|realloc|printf|"
                  r"prng_\w+)\b")
CHARGE_POINTS = ["SWITCH", "PREEMPT", "BLOCK", "HANDOFF", "UNBLOCK", "EXIT"]

# ---- Loops that wait --------------------------------------------------------------------------

PAUSE_FOLDERS = ["kernel/", "user/", "examples/"] + [path[:-1] for path in SHARED]
# A loop waits if its condition is empty or constant, or asks something another CPU or a device
# changes:
WAITS = (r"\b(atomic_load\w*|__atomic_load\w*|port_load\d*|\w*_?try_?lock|\w+_clock_ns|\w+_now\w*|"
         r"\w*tsc|x86_in\d+|\w+_read)\s*\(")
# ... and is right if it pauses, halts, waits in the kernel, or a comment says why it ends.
PAUSES = (r"\b(arch_pause|x86_pause|port_pause|rt_pause|rt_burn|arch_halt_forever|arch_idle|"
          r"rt_park|rt_sleep_until|rt_thread_join|rt_ring_(do|enter|wait|batch))\s*\(|\bhlt\b")
BOUND_COMMENT = r"(/\*|\*|//).*\b(bound|at most|waits in the kernel)\b"

# ---- Files that must exist --------------------------------------------------------------------

TESTED_FOLDERS = ["base/", "core/", "workload/"]
# What belongs to the tests, by path: unit tests, fuzzers, what they share.
TEST_FILES = r"_test\.c$|_fuzz\.c$|(^|/)test_\w+\.[ch]$|/(fixture|test)/"
README_NOT_IN = {".ci", "corpus", "fixture", "man", "test"}  # nor in what is below them
SPDX = "SPDX-License-Identifier: MIT"
SPDX_SUFFIXES = (".c", ".h", ".S", ".py", ".mk", ".ld", ".sh")
BOXES = {"A": 4, "B": 7, "C": 5, "D": 5, "E": 6, "F": 5, "G": 4, "H": 5}

# ---- Exceptions: (rule, path) -> reason and date.  Expected: none. -------------------------------

EXCEPTIONS = {}

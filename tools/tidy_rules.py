# SPDX-License-Identifier: MIT
"""The rules of tools/tidy.  A rule is a generator over the tree: (path, line, message)."""

import os
import re

import tidy_source
import tidy_tables as tables

RULES = {}


def rule(name):
    def register(function):
        RULES[name] = function
        return function
    return register


# ---- Includes ---------------------------------------------------------------------------------

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"\n]+)', re.MULTILINE)


def area_of(path):
    matching = [area for area in tables.INCLUDES if path.startswith(area[0])]
    return max(matching, key=lambda area: len(area[0])) if matching else None


def may_include(path, target, allowed):
    folder = os.path.dirname(target)
    for entry in allowed:
        if entry.endswith("/*"):
            if folder == entry[:-2]:
                return True
        elif entry.endswith("/."):
            if folder == os.path.dirname(path):
                return True
        elif target.startswith(entry):
            return True
    return False


def named_by(path, target):
    """The file that an include names; an example, which is built elsewhere, names its own bare."""
    return os.path.join(os.path.dirname(path), target) if (
        path.startswith("examples/") and "/" not in target) else target


def test_may_include(path):
    return (path.split("/")[0] + "/", *tables.TEST_MAY_INCLUDE)


@rule("include")
def check_includes(tree):
    """Includes are repo-relative and go only where ARCHITECTURE.md's table lets them."""
    for source in tree.sources.values():
        if not source.path.endswith((".c", ".h", ".S")):
            continue
        area = area_of(source.path)
        if area is None:
            yield source.path, 1, "no include rule for this folder; add it to tools/tidy_tables.py"
            continue
        _, allowed, system = area
        for match in INCLUDE.finditer(source.text):
            line = source.line_at(match.start(2))
            bracket, target = match.groups()
            if bracket == "<":
                if system is not None and target not in system and not source.is_test:
                    yield source.path, line, f"<{target}> is not available to {area[0]}"
            elif target == "base/prng.h" and not source.is_test and not any(
                    source.path.startswith(p) for p in tables.PRNG_MAY_INCLUDE):
                yield source.path, line, "random numbers are for tests and the simulator"
            elif may_include(source.path, named_by(source.path, target), allowed):
                continue
            elif source.is_test and target.startswith(test_may_include(source.path)):
                continue
            else:
                yield source.path, line, f'{area[0]} may not include "{target}"'


@rule("dead")
def check_dead_headers(tree):
    """Every header is included by some file, or named in a makefile."""
    used = {named_by(source.path, target) for source in tree.c_files()
            for _, target in INCLUDE.findall(source.text)}
    named = "".join(s.text for p, s in tree.sources.items()
                    if p.endswith(".mk") or p == "Makefile")
    for source in tree.c_files():
        if source.path.endswith(".h") and source.path not in used and source.path not in named:
            yield source.path, 1, "nothing includes this header"


# ---- Sizes and form ---------------------------------------------------------------------------

@rule("size")
def check_sizes(tree):
    """Files, functions and lines stay within STYLE.md's hard limits."""
    for source in tree.sources.values():
        count = len(source.lines) - (source.text.endswith("\n"))
        for suffix, limit in tables.FILE_LINES_MAX:
            if source.path.endswith(suffix) and count > limit:
                yield source.path, limit + 1, f"{count} lines; the limit of {suffix} is {limit}"
        if not source.is_c:
            continue
        for line, length, name in tidy_source.functions(source):
            if length > tables.FUNCTION_LINES_MAX:
                yield (source.path, line,
                       f"{name} has {length} lines; the limit is {tables.FUNCTION_LINES_MAX}")


def is_program_text(path):
    return path.endswith(tables.SPDX_SUFFIXES) or os.path.basename(path) == "Makefile"


def is_script(source):
    return source.text.startswith("#!")


@rule("form")
def check_form(tree):
    """No tabs (but in makefiles), no space at line ends, at most 100 columns, a final newline."""
    for source in tree.sources.values():
        is_make = (source.path.endswith(".mk") or
                   os.path.basename(source.path) == "Makefile")
        if not is_program_text(source.path) and not is_script(source):
            continue
        for number, line in enumerate(source.lines, 1):
            if "\t" in line and not is_make:
                yield source.path, number, "a tab; indent with spaces"
            if line != line.rstrip():
                yield source.path, number, "space at the line's end"
            if len(line) > tables.LINE_COLUMNS_MAX:
                yield source.path, number, f"{len(line)} columns; the limit is 100"
        if not source.text.endswith("\n"):
            yield source.path, len(source.lines), "no newline at the file's end"


@rule("spdx")
def check_spdx(tree):
    """The first line (the second of a script) names the licence."""
    for source in tree.sources.values():
        if is_script(source):
            first = source.line(2)
        elif is_program_text(source.path):
            first = source.line(1)
        else:
            continue
        if tables.SPDX not in first:
            yield source.path, 1, f"the first line must hold '{tables.SPDX}'"


@rule("directive")
def check_directives(tree):
    """No conditional compilation but the header guard, which is named after the path."""
    for source in tree.c_files():
        found = list(re.finditer(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else)\b[ \t]*(\w*)",
                                 source.code, re.MULTILINE))
        if source.path.endswith(".h"):
            guard = re.sub(r"\W", "_", source.path).upper()
            if not found or found[0].groups() != ("ifndef", guard):
                yield source.path, 1, f"the header's guard must be {guard}"
            found = found[1:]
        for match in found:
            yield (source.path, source.line_at(match.start(1)),
                   "conditional compilation; let the build choose a file")


@rule("type")
def check_types(tree):
    """No typedef of a struct, union or enum, and no type name of our own that ends in _t."""
    for source in tree.c_files():
        kinds = r"(struct|union|enum)"
        for match in re.finditer(rf"\btypedef\s+{kinds}\b|\b{kinds}\s+\w+_t\b", source.code):
            yield source.path, source.line_at(match.start()), "write 'struct name'"


@rule("word")
def check_words(tree):
    """Words that STYLE.md bans, each with its reason; the table says where one is allowed."""
    for source in tree.sources.values():
        for pattern, why, allowed in tables.WORDS:
            if any(source.path.startswith(prefix) for prefix in allowed):
                continue
            for match in re.finditer(pattern, source.text):
                yield source.path, source.line_at(match.start()), f"'{match.group(0)}': {why}"


# ---- The core ---------------------------------------------------------------------------------

@rule("core")
def check_core(tree):
    """core/ has no floating point, no volatile, no assembly, no allocation, no random numbers."""
    for source in tree.c_files():
        if not source.path.startswith("core/") or source.is_test:
            continue
        for match in re.finditer(tables.CORE_FORBIDDEN, source.code):
            yield source.path, source.line_at(match.start()), f"'{match.group(0)}' in the core"


def enum_names(source, prefix):
    return re.findall(rf"\b{prefix}(\w+)\b\s*[,=}}]", source.code)


def calls_of(source, name):
    """(offset, arguments) of each call; the header's declaration has types and is no call."""
    for match in re.finditer(rf"\b{name}\s*\(", source.code):
        end = tidy_source.closing(source.code, match.end() - 1)
        yield match.start(), source.code[match.end():end]


@rule("charge")
def check_charge_points(tree):
    """CPU time is charged at the six charge points: each call names one, each one has a call."""
    header = tree.sources.get("core/account.h")
    if header is None:
        return
    declared = [n for n in enum_names(header, "CHARGE_") if n in tables.CHARGE_POINTS]
    for name in tables.CHARGE_POINTS:
        if name not in declared:
            yield header.path, 1, f"CHARGE_{name} is missing from enum charge_point"
    called = set()
    for source in tree.c_files():
        if source.is_test or source.path.startswith("tests/"):
            continue
        if os.path.splitext(source.path)[0] == "core/account":
            continue
        for offset, arguments in calls_of(source, "account_charge(?:_to)?"):
            last = arguments.split(",")[-1].strip()
            name = last[len("CHARGE_"):]
            if not last.startswith("CHARGE_") or name not in tables.CHARGE_POINTS:
                yield source.path, source.line_at(offset), f"'{last}' names no charge point"
            elif not source.path.startswith("core/"):
                yield source.path, source.line_at(offset), "only the core charges"
            else:
                called.add(name)
    for name in declared:
        if name not in called:
            yield header.path, 1, f"CHARGE_{name} has no caller"


# ---- Loops ------------------------------------------------------------------------------------

def loop_waits(loop):
    constant = loop.condition in ("", "1", "true")
    return constant or re.search(tables.WAITS, loop.condition) is not None


def loop_is_right(loop):
    return (re.search(tables.PAUSES, loop.text) is not None or
            re.search(tables.BOUND_COMMENT, loop.around) is not None)


@rule("pause")
def check_pauses(tree):
    """In kernel and user code, a loop that waits pauses, halts, or says its bound in a comment.

    Seen as waiting: no condition or a constant one; a condition that calls an atomic load, a lock
    attempt, a clock, or a device's read function (the pattern is tables.WAITS).  Not seen: a
    counted loop that is long, and waiting hidden in a function the condition calls.
    """
    for source in tree.c_files():
        if source.is_test or not source.path.startswith(tuple(tables.PAUSE_FOLDERS)):
            continue
        for loop in tidy_source.loops(source):
            if loop_waits(loop) and not loop_is_right(loop):
                yield (source.path, loop.line,
                       "a loop that waits: call the pause helper, or say '/* at most ... */'")


# ---- Files that must exist --------------------------------------------------------------------

@rule("test")
def check_tests_exist(tree):
    """Every source of base/, core/ and workload/ has its unit test beside it."""
    for source in tree.c_files():
        path = source.path
        if source.is_test or not path.endswith(".c"):
            continue
        if path.startswith(tuple(tables.TESTED_FOLDERS)) and not tree.has(path[:-2] + "_test.c"):
            yield path, 1, f"{path[:-2]}_test.c is missing"


@rule("readme")
def check_readmes(tree):
    """Every folder says in README.md what lives there."""
    for folder in sorted(tree.folders):
        if tables.README_NOT_IN.intersection(folder.split("/")):
            continue
        if not tree.has(os.path.join(folder, "README.md")):
            yield folder or ".", 1, "README.md is missing"


@rule("link")
def check_links(tree):
    """Relative links in Markdown lead somewhere."""
    for source in tree.sources.values():
        if not source.path.endswith(".md"):
            continue
        for match in re.finditer(r"\]\(([^)#\s]+)[^)]*\)", source.text):
            target = match.group(1)
            if "://" in target or target.startswith("mailto:"):
                continue
            path = os.path.normpath(os.path.join(os.path.dirname(source.path), target))
            if not tree.has(path) and path not in tree.folders and not os.path.isdir(
                    os.path.join(tree.root, path)):
                yield source.path, source.line_at(match.start()), f"'{target}' is not here"


def missing_program(tree, word):
    """The file of ours that a word of a command needs and the tree lacks, or None."""
    test = re.match(r"build/\w+/(.+_test)$", word)
    if test:
        needed = test.group(1) + ".c"
    elif re.match(r"(tools|tests|workloads|core|base|sim|kernel|user)/", word):
        needed = word
    else:
        return None
    return None if tree.has(needed) else needed


@rule("proofs")
def check_proofs(tree):
    """docs/proofs.md has one row for every box: a command whose files exist, or 'not yet'."""
    source = tree.sources.get("docs/proofs.md")
    if source is None:
        yield "docs/proofs.md", 1, "the file is missing"
        return
    rows = {}
    for number, line in enumerate(source.lines, 1):
        match = re.match(r"\|\s*([A-H]\d)\s*\|([^|]*)\|(.*)\|\s*$", line)
        if not match:
            continue
        box, text, proof = match.group(1), match.group(2).strip(), match.group(3).strip()
        if box in rows:
            yield source.path, number, f"{box} has a second row"
        rows[box] = number
        commands = re.findall(r"`([^`]+)`", proof)
        if not text:
            yield source.path, number, f"{box} says not what it asks"
        if not commands and "not yet" not in proof:
            yield source.path, number, f"{box} has neither a command nor 'not yet'"
        for word in " ".join(commands).split():
            needed = missing_program(tree, word)
            if needed:
                yield source.path, number, f"{box} names {word}, but {needed} does not exist"
    for letter, count in tables.BOXES.items():
        for index in range(1, count + 1):
            if f"{letter}{index}" not in rows:
                yield source.path, 1, f"{letter}{index} has no row"


# ---- Running them -----------------------------------------------------------------------------

def findings(tree, names=None):
    """(path, line, rule, message) of what no exception covers, and of exceptions nothing needs."""
    found = []
    used = set()
    for name in names or RULES:
        for path, line, message in RULES[name](tree):
            if (name, path) in tables.EXCEPTIONS:
                used.add((name, path))
            else:
                found.append((path, line, name, message))
    for name, path in tables.EXCEPTIONS:
        if (name, path) not in used and (names is None or name in names):
            found.append((path, 1, name, "an exception that nothing needs; drop it"))
    return sorted(found)

# SPDX-License-Identifier: MIT
"""The tree as tools/tidy sees it: files, C with comments told from code, functions, loops."""

import os
import re
import subprocess

import tidy_tables as tables

C_SUFFIXES = (".c", ".h")


class Source:
    """One text file.  `code` is its text with comments and literals blanked, same offsets."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.is_c = path.endswith(C_SUFFIXES)
        self.is_test = re.search(tables.TEST_FILES, path) is not None
        self.code = blank_c(text) if self.is_c else text

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def line(self, number):
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""


class Tree:
    def __init__(self, root):
        self.root = root
        self.sources = {}
        for path in list_files(root):
            try:
                with open(os.path.join(root, path), encoding="utf-8") as file:
                    self.sources[path] = Source(path, file.read())
            except (UnicodeDecodeError, OSError):
                continue  # binary, or gone since it was listed
        self.folders = {os.path.dirname(path) for path in self.sources}

    def c_files(self):
        return [s for s in self.sources.values() if s.is_c]

    def has(self, path):
        return path in self.sources


def list_files(root):
    """What git knows or would add; in a tree without git, every file outside build/."""
    if os.path.exists(os.path.join(root, ".git")):
        listing = subprocess.run(
            ["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
            capture_output=True, text=True, check=True).stdout
        names = sorted(set(listing.split("\0")) - {""})
    else:
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return [n for n in sorted(names) if not os.path.islink(os.path.join(root, n))]


C_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank_c(text):
    """Comments and the insides of literals become spaces; line breaks stay."""
    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[0]
        return re.sub(r"[^\n]", " ", token)

    return C_TOKEN.sub(blank, text)


def closing(code, start):
    """Offset of the bracket that closes the one at `start`, or the end of the text."""
    pairs = {"(": ")", "{": "}", "[": "]"}
    stack = []
    for at in range(start, len(code)):
        char = code[at]
        if char in pairs:
            stack.append(pairs[char])
        elif stack and char == stack[-1]:
            stack.pop()
            if not stack:
                return at
    return len(code) - 1


def functions(source):
    """(first line, line count, name) of every function: the brace stands alone in column 0."""
    lines = source.code.split("\n")
    found = []
    for index, text in enumerate(lines):
        if text.rstrip() != "{" or index == 0:
            continue
        end = next((i for i in range(index, len(lines)) if lines[i].startswith("}")), None)
        if end is None:
            continue
        first = index - 1
        while first > 0 and lines[first].startswith((" ", "\t")):
            first -= 1
        name = re.search(r"(\w+)\s*\(", lines[first])
        found.append((first + 1, end - first + 1, name.group(1) if name else "?"))
    return found


LOOP = re.compile(r"\b(for|while|do)\b")


class Loop:
    """One loop: `condition` and `body` as code, `text` as written, comments included."""

    def __init__(self, source, keyword, start, condition, body_start, body_end):
        self.line = source.line_at(start)
        self.keyword = keyword
        self.condition = condition.strip()
        self.body = source.code[body_start:body_end + 1]
        self.text = source.text[start:body_end + 1]
        # Where a comment about the loop stands: up to three lines above, its own, the next.
        self.around = "\n".join(source.lines[max(0, self.line - 4):self.line + 1])


def for_condition(head):
    parts = head.split(";")
    return parts[1] if len(parts) == 3 else head


def statement_end(code, start):
    """Offset of the end of the statement that begins at or after `start`."""
    at = start
    while at < len(code):
        if code[at] == "{":
            return closing(code, at)
        if code[at] == "(":
            at = closing(code, at)
        elif code[at] == ";":
            return at
        at += 1
    return len(code) - 1


def loops(source):
    code = source.code
    tails = set()  # the `while` of each do-while
    for match in LOOP.finditer(code):
        keyword, start = match.group(1), match.start()
        if start in tails:
            continue
        after = match.end()
        if keyword == "do":
            end = statement_end(code, after)
            tail = re.compile(r"\s*\bwhile\b").match(code, end + 1)
            if not tail:
                continue
            tails.add(tail.end() - len("while"))
            head = code.find("(", tail.end())
            condition = code[head + 1:closing(code, head)]
            yield Loop(source, keyword, start, condition, after, end)
            continue
        head = re.compile(r"\s*\(").match(code, after)
        if not head:
            continue
        close = closing(code, head.end() - 1)
        inside = code[head.end():close]
        condition = for_condition(inside) if keyword == "for" else inside
        yield Loop(source, keyword, start, condition, close + 1, statement_end(code, close + 1))

# SPDX-License-Identifier: MIT
"""bugs - lists of bugs to put into a copy of the core, for scripts that expect them to be found.

A list's format is described at its head: tests/explorer/bugs.txt, tests/eevdf/bugs.txt.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Failure(Exception):
    """Why a bug's test fails."""


class Bug:
    def __init__(self, name, what):
        self.name = name
        self.what = what
        self.places = []
        self.finds = ""
        self.hunks = []  # (file, [diff lines])


def read_bugs(path):
    bugs = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file.read().splitlines(), 1):
            word, _, rest = line.partition(" ")
            if line.startswith("#") or line == "":
                continue
            if word == "bug":
                name, _, what = rest.strip().partition(" ")
                bugs.append(Bug(name, what.strip()))
            elif word == "in":
                bugs[-1].places = rest.split()
            elif word == "finds":
                bugs[-1].finds = rest
            elif word == "---":
                bugs[-1].hunks.append((rest, []))
            elif line[0] in " -+":
                bugs[-1].hunks[-1][1].append(line)
            else:
                sys.exit(f"{path}:{number}: not understood: {line}")
    return bugs


def changed_sources(bug):
    """The text of each file the bug changes."""
    sources = {}
    for path, lines in bug.hunks:
        if path not in sources:
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                sources[path] = file.read()
        old = "".join(l[1:] + "\n" for l in lines if l[0] in " -")
        new = "".join(l[1:] + "\n" for l in lines if l[0] in " +")
        count = ("\n" + sources[path]).count("\n" + old)
        if count != 1:
            raise Failure(f"the lines to change occur {count} times in {path}, not once:\n{old}")
        sources[path] = ("\n" + sources[path]).replace("\n" + old, "\n" + new)[1:]
    return sources

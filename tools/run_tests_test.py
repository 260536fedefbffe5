#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/run-tests on small programs: what it counts, and how it ends.  TAP."""

import os
import subprocess
import sys
import tempfile

RUN_TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run-tests")

# Rows: (what the test shows, {program: shell script}, last line, exit status, text in the output).
CASES = [
    ("passing and skipped tests count as passed",
     {"a": "echo 1..2; echo ok 1; echo 'ok 2 # SKIP no reason'"}, "2 passed, 0 failed", 0, ""),
    ("several programs add up, and one named twice runs once",
     {"a": "echo 1..1; echo ok 1", "b": "echo 1..1; echo ok 1"}, "2 passed, 0 failed", 0, ""),
    ("a failed test fails the run and its words are shown",
     {"a": "echo 1..2; echo ok 1; echo not ok 2 - b; echo '# x is 3, not 4'"},
     "1 passed, 1 failed", 1, "# x is 3, not 4"),
    ("a crash fails every test that was planned and did not run",
     {"a": "echo 1..3; echo ok 1; kill -SEGV $$"}, "1 passed, 2 failed", 1, "SEGV"),
    ("a program that passes its tests and then fails is a failure",
     {"a": "echo 1..1; echo ok 1; exit 3"}, "1 passed, 1 failed", 1, ""),
    ("a program without a test is a failure", {"a": "true"}, "0 passed, 1 failed", 1, ""),
    ("more tests than planned are a failure",
     {"a": "echo 1..1; echo ok 1; echo ok 2"}, "2 passed, 1 failed", 1, ""),
    ("a program that hangs is ended, said so, and is a failure",
     {"a": "echo 1..1; echo ok 1; sleep 60", "b": "echo 1..1; echo ok 1"},
     "2 passed, 1 failed", 1, "hang detector"),
    ("a script that asks to be alone runs when the others have ended",
     {"a": "# run-tests: alone\nls [bc].runs 2>&- && exit 1; echo 1..1; echo ok 1",
      "b": "touch b.runs; sleep 0.3; rm b.runs; echo 1..1; echo ok 1",
      "c": "touch c.runs; sleep 0.3; rm c.runs; echo 1..1; echo ok 1"},
     "3 passed, 0 failed", 0, ""),
    ("no program is a failure", {}, "0 passed, 0 failed", 1, "no test ran"),
]


def check(programs, last_line, status, text):
    with tempfile.TemporaryDirectory(prefix="run-tests-") as folder:
        for name, script in programs.items():
            path = os.path.join(folder, name)
            with open(path, "w", encoding="ascii") as file:
                file.write(f"#!/bin/bash\n{script}\n")
            os.chmod(path, 0o755)
        names = sorted(programs)
        # The hang detector is set low enough to be seen and far above what these programs need.
        done = subprocess.run([RUN_TESTS, *names, *names[:1]], cwd=folder, text=True,
                              env={**os.environ, "CAPOS_HANG_S": "5"}, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = done.stdout.splitlines()
    good = lines[-1:] == [last_line] and done.returncode == status and text in done.stdout
    return good, done


def main():
    failed = 0
    print(f"1..{len(CASES)}")
    for number, (shows, programs, last_line, status, text) in enumerate(CASES, 1):
        good, done = check(programs, last_line, status, text)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - run-tests: {shows}")
        if not good:
            print(f"# wanted status {status} and '{last_line}', got {done.returncode} and:")
            print("".join(f"#   {line}\n" for line in done.stdout.splitlines()), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

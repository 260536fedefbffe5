# SPDX-License-Identifier: MIT
"""What each thread of a simulated run had by when, from event lines (sim/README.md): shared by the
scripts beside it.

A line `charge` says that a thread ran for so many nanoseconds up to now.  In a run without costs
(`capos sim --no-costs`) nothing else happened on its CPU meanwhile, so its CPU time rises straight
from there to now and stands in between.
"""

import bisect
import os
import subprocess

CAPOS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "build", "capos")


class Course:
    """CPU time of one thread over time: corners of a line, from (0, 0)."""

    def __init__(self):
        self.at_ns = [0]
        self.runtime_ns = [0]

    def charge(self, at_ns, ran_ns):
        begin_ns, before_ns = at_ns - ran_ns, self.runtime_ns[-1]
        if begin_ns > self.at_ns[-1]:
            self.at_ns.append(begin_ns)
            self.runtime_ns.append(before_ns)
        self.at_ns.append(at_ns)
        self.runtime_ns.append(before_ns + ran_ns)

    def runtime_by(self, at_ns):
        """In nanoseconds; behind the last charge it has had what it had then."""
        i = bisect.bisect_right(self.at_ns, at_ns) - 1
        ran_ns = self.runtime_ns[min(i + 1, len(self.at_ns) - 1)] - self.runtime_ns[i]
        return self.runtime_ns[i] + min(ran_ns, at_ns - self.at_ns[i])


def read(lines):
    """Courses by thread."""
    courses = {}
    for line in lines:
        words = line.split()
        if len(words) > 2 and words[2] == "charge":
            numbers = dict(word.split("=") for word in words[6:])
            courses.setdefault(words[3], Course()).charge(int(words[0]), int(numbers["ns"]))
    return courses


def simulate(workload, cpus, seconds):
    """Courses by thread of a file run for so long, without costs."""
    done = subprocess.run([CAPOS, "sim", "--no-costs", "--events", f"--cpus={cpus}",
                           f"--duration={seconds}", workload], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=True)
    return read(done.stdout.splitlines())

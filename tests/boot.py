# SPDX-License-Identifier: MIT
"""Booting a machine in QEMU, and judging what its guest says: shared by the scripts beside it."""

import collections
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build")
KERNEL = os.path.join(BUILD, "capos-kernel.elf")
KERNEL_PAUSES = os.path.join(BUILD, "capos-kernel-pauses.elf")

# A hang detector for each boot: it judges no speed and is far above what any program needs.
HANG_S = int(os.environ.get("CAPOS_GUEST_HANG_S", "180"))
SHOWN_LINES_MAX = 30

# The guest writes 0x10 or 0x11 to QEMU's exit device, which ends with (n << 1) | 1.
EXIT_SUCCESS = 0x10 << 1 | 1
EXIT_FAILURE = 0x11 << 1 | 1
ENDINGS = {EXIT_SUCCESS: "reported success", EXIT_FAILURE: "reported failure",
           0: "reset itself", None: "was stopped by the hang detector"}

TEST = re.compile(r"^(not )?ok (\d+) - (.*)$")
PLAN = re.compile(r"^1\.\.(\d+)$")
ORDER = re.compile(r"^# pause seed \d+: .* order ([0-9a-f]+)$")

Machine = collections.namedtuple("Machine", "mode cpus board kernel cpu hang_s")
Machine.__new__.__defaults__ = ("deterministic", 4, "microvm", KERNEL, "max", HANG_S)


class Tap:
    """One stream of tests, numbered here."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def test(self, is_ok, what):
        self.count += 1
        self.failed += not is_ok
        print(f"{'ok' if is_ok else 'not ok'} {self.count} - {what}", flush=True)

    def end(self):
        print(f"1..{self.count}")
        return 0 if self.failed == 0 and self.count > 0 else 1


def user_program(name):
    return os.path.join(BUILD, "user", name + ".elf")


def make_archive(path, programs, words="", pause_seed=0, manifest=None, workload=None):
    """`words`: arguments for the services that have them; `workload`: a file that rides along."""
    command = [os.path.join(BUILD, "capos"), "archive", "--quiet-boot", "--output", path,
               f"--pause-seed={pause_seed}"]
    if words:
        command += ["--arguments", words]
    if manifest:
        command += ["--manifest", manifest]
    if workload:
        command += ["--workload", workload]
    subprocess.run(command + programs, check=True)


def qemu_command(machine, folder):
    command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-M", machine.board]
    if machine.mode == "deterministic":
        command += ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off",
                    "-rtc", "base=2000-01-01,clock=vm", "-seed", "0"]
    else:
        command += ["-accel", "tcg,thread=multi"]
    return command + [
        "-cpu", machine.cpu, "-smp", str(machine.cpus), "-m", "256", "-display", "none",
        "-no-reboot", "-serial", "file:" + os.path.join(folder, "console"),
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
        "-chardev", "file,id=result,path=" + os.path.join(folder, "result"),
        "-device", "isa-debugcon,iobase=0xe9,chardev=result",
        "-kernel", machine.kernel, "-initrd", os.path.join(folder, "archive")]


def run(machine, folder):
    """Boot the folder's archive.  Returns how QEMU ended (None: hung) and the console's lines."""
    try:
        status = subprocess.run(qemu_command(machine, folder), timeout=machine.hang_s,
                                check=False, stdin=subprocess.DEVNULL).returncode
    except subprocess.TimeoutExpired:
        status = None
    console = os.path.join(folder, "console")
    if not os.path.exists(console):
        return status, []
    with open(console, encoding="utf-8", errors="replace") as file:
        return status, file.read().replace("\r", "").splitlines()


def boot(program, machine, arguments="", pause_seed=0):
    """One program of user/, as the only service."""
    words = " ".join((["concurrent"] if machine.mode == "concurrent" else []) +
                     ([arguments] if arguments else []))
    with tempfile.TemporaryDirectory(prefix="capos-boot.") as folder:
        make_archive(os.path.join(folder, "archive"), [user_program(program)], words, pause_seed)
        return run(machine, folder)


def is_whole(status, lines):
    """The guest's whole plan ran and held, and the machine ended with success."""
    plans = [int(plan.group(1)) for plan in map(PLAN.match, lines) if plan]
    tests = [test.group(1) is None for test in map(TEST.match, lines) if test]
    return plans[-1:] == [len(tests)] and all(tests) and status == EXIT_SUCCESS


def show(status, lines):
    """For a failed test: how the machine ended, and what it said last."""
    print(f"# the machine {ENDINGS.get(status, f'ended with status {status}')}; the console:")
    for line in [line for line in lines if line.startswith("not ok")]:
        print(f"#   {line}")
    for line in lines[-SHOWN_LINES_MAX:]:
        print(f"#   {line}")


def judge_whole(tap, name, status, lines):
    """One boot, one test."""
    is_ok = is_whole(status, lines)
    tap.test(is_ok, name)
    if not is_ok:
        show(status, lines)


def order_of(lines):
    """The hash of the interleaving that a pause seed gave, or None."""
    orders = [order.group(1) for order in map(ORDER.match, lines) if order]
    return orders[0] if len(orders) == 1 else None

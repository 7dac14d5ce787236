"""Kills processes of a run of inference at a chosen step, whatever they do then.

Python imports this at the start of each process that has this folder on its
PYTHONPATH. A step is a use of a file below `KILL_BELOW`: its opening, its flushing to
disk, a link, a new name, a removal. `KILL_ORDERS` is a folder with a file for each
kill, `<role>-<number>.json`; a process takes the first of its role, so a kill happens
once. A file called `poison` there kills each shard that opens the file it names.
"""

import json
import os
import pathlib
import signal
import sys

STEPS = {"open", "os.link", "os.rename", "os.remove", "os.mkdir", "glob.glob"}


def siblings():
    """Return the other shards of the same run."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            is_shard = b"--shard" in (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getppid() and is_shard and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def victim_of(kind):
    """Return the process to kill."""
    if kind == "parent":
        return os.getppid()
    return next(iter(siblings()), os.getpid()) if kind == "sibling" else os.getpid()


def take(orders, role):
    """Return the next order for this process, None where there is none."""
    for order in sorted(orders.glob(f"{role}-*.json")):
        mine = order.with_name(f"taken-{role}-{os.getpid()}")
        try:
            order.rename(mine)
        except FileNotFoundError:
            continue  # another process was faster
        return json.loads(mine.read_text())
    return None


def watch(orders, below, role):
    """Count this process' steps and kill at the one that was ordered."""
    order = take(orders, role)
    poison = orders / "poison"
    deadly = poison.read_text() if role == "shard" and poison.exists() else None
    left = order["step"] if order else 0

    def step(path):
        nonlocal left
        if deadly is not None and str(path) == deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if not left or not str(path).startswith(below):
            return
        left -= 1
        if not left:
            (orders / f"killed-{os.getpid()}").touch()
            os.kill(victim_of(order["victim"]), signal.SIGKILL)

    sync = os.fsync

    def counted(file):
        step(pathlib.Path(f"/proc/self/fd/{file}").readlink())
        sync(file)

    os.fsync = counted
    sys.addaudithook(lambda event, args: step(args[0]) if event in STEPS else None)


if "KILL_ORDERS" in os.environ:
    is_shard = "--shard" in sys.orig_argv
    if is_shard or "--run" in sys.orig_argv:
        watch(
            pathlib.Path(os.environ["KILL_ORDERS"]),
            os.environ["KILL_BELOW"],
            "shard" if is_shard else "run",
        )

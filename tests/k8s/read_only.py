"""Runs a program inside an image's root as a pod would: read-only, not root.

Without a container engine: a mount namespace and `chroot`. Only `/tmp` and the home
can be written, as where the manifests mount an `emptyDir`.
"""

import pathlib
import subprocess

IDS = "10001:10001"
TIMEOUT_S = 900.0
HOME = "/home/fairsilo"
# As container engines do: these are laid over the image before its root is closed.
_ENTER = f"""
set -eu
root=$1; shift
mkdir -p "$root/proc" "$root/dev"
touch "$root/etc/hosts"
mount --bind "$root" "$root"
mount --bind /etc/hosts "$root/etc/hosts"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o uid=10001,gid=10001,mode=0700 tmpfs "$root{HOME}"
mount -o remount,bind,ro "$root"
exec env -i "$@"
"""


def start(
    root: pathlib.Path, environment: list[str], command: list[str], **options
) -> subprocess.Popen:
    """Start a command; it has the process id of what is returned."""
    isolate = ["unshare", "--mount", "sh", "-c", _ENTER, "sh", str(root.resolve())]
    enter = ["chroot", f"--userspec={IDS}", "--groups=", str(root.resolve())]
    return subprocess.Popen([*isolate, *environment, *enter, *command], **options)


def run(root: pathlib.Path, environment: list[str], *command: str) -> str:
    """Run a command to its end and return what it printed, on both channels."""
    process = start(
        root,
        environment,
        list(command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    output, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, f"{command}: {process.returncode}\n{output}"
    return output

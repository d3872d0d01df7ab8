"""Runs a command and prints, as JSON, its seconds, its peak memory in KiB and its exit code: `child.py COMMAND…`.

A small process of its own, since what a process had in memory when it began another counts as the other's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def main(command: list[str]) -> None:
    """Run the command; what it prints is thrown away."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "kib": usage.ru_maxrss, "exit": os.waitstatus_to_exitcode(status)}))


if __name__ == "__main__":
    main(sys.argv[1:])

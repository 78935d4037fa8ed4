"""One peer in a process of its own: `python -m benchmarks.peers.child MODULE FUNCTION`.

Reads its job as one line of JSON, says `ready`, waits for another line, runs, says `done`, and then what it took.
"""

from __future__ import annotations

import gc
import hashlib
import json
import resource
import sys
import time
from importlib import import_module

from benchmarks.peers.shop import Job, LeftOut


def main() -> None:
    module, function = sys.argv[1:]
    told = sys.stdout
    sys.stdout = sys.stderr  # what libraries print is none of the answer
    job = Job(**json.loads(sys.stdin.readline()))
    try:
        run = getattr(import_module(f"benchmarks.peers.{module}"), function)(job)
    except LeftOut as reason:
        print(json.dumps({"left_out": str(reason)}), file=told)
        return
    gc.collect()
    print("ready", file=told, flush=True)
    sys.stdin.readline()
    cpu, begun = cpu_seconds(), time.perf_counter()
    outcome = run()
    wall = time.perf_counter() - begun
    # read before the ids are counted, which is not part of the work
    measured = {"wall": wall, "cpu": cpu_seconds() - cpu, "peak_mb": peak_mb(), "items": outcome.items}
    print("done", file=told, flush=True)
    ids = list(outcome.ids())
    digest = hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()
    print(json.dumps(measured | {"rows": len(ids), "distinct": len(set(ids)), "ids": digest}), file=told)


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_mb() -> float:
    """The largest resident size so far, its own or that of a child, in MB (Linux counts in KiB)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * unit / 1e6
    )


if __name__ == "__main__":
    main()

"""Durable appends against bare Berkeley DB and a bare file, also with an fsync of 8 ms; look-up and proof by size;
sends one after the other."""
import os
import shutil
import subprocess
import tempfile

from gateway import BUILD, Failure, program
from table import SECONDS, median, number, ratio, rounds, show

THREADS = (1, 8, 32)
SIZES = tuple(map(int, os.environ.get("BENCH_LEAVES", "1000,100000").split(",")))
SLOW_US = 8000
SENDS = int(os.environ.get("BENCH_SENDS", "50000"))
SENDS_STEPS = 10


def run(*words, slow=False):
    folder = tempfile.mkdtemp(prefix="acuse-bench-", dir="/tmp")
    env = dict(os.environ)
    if slow:
        env["LD_PRELOAD"] = os.path.join(BUILD, "tests", "fault", "libfault.so")
        env["ACUSE_FAULT_SYNC_DELAY_US"] = str(SLOW_US)
    try:
        done = subprocess.run([program("ledger-load"), words[0], folder, *map(str, words[1:])], capture_output=True,
                              text=True, env=env, check=False)
    finally:
        shutil.rmtree(folder)
    if done.returncode != 0:
        raise Failure("ledger-load: " + done.stdout + done.stderr)
    found = []
    for line in done.stdout.splitlines():
        fields = line.split()
        found.append({name: float(value) for name, value in zip(fields[::2], fields[1::2])})
    return found if words[0] == "sends" else found[0]


def main():
    cases = {(slow, count): lambda slow=slow, count=count: run("append", SECONDS / 2, count, slow=slow)
             for slow in (False, True) for count in THREADS}
    found = rounds(cases)
    rows = []
    for (slow, count), figures in found.items():
        one = {name: median([figure[name] for figure in figures]) for name in figures[0]}
        rows.append([f"{count} client{'s' if count > 1 else ''}" + (f", fsync {SLOW_US // 1000} ms slower" if slow else ""),
                     one["store"], one["batch"], one["single"], one["sync"], ratio(one["store"], one["batch"]),
                     ratio(one["store"], one["single"]), ratio(one["store"], one["sync"])])
    show("ledger: durable appends a second", ["what", "store", "BDB batch", "BDB single", "fdatasync", "to batch",
                                              "to single", "to fdatasync"], rows,
         f"A leaf of {int(one['bytes'])} bytes, its opening and tree nodes, against one row of the same size in bare Berkeley DB "
         "(one thread\n  that commits as many rows as there are clients; as many threads that commit one each) and a write with fdatasync "
         "of a batch.")
    by_size = rounds({size: lambda size=size: run("read", size) for size in SIZES}, 1)
    first = by_size[SIZES[0]][0]
    show("ledger: reading, microseconds each", ["leaves", "look-up", "to first", "proof", "to first", "append in bulk"],
         [[number(size), figures[0]["look_up_us"], ratio(figures[0]["look_up_us"], first["look_up_us"]),
           figures[0]["proof_us"], ratio(figures[0]["proof_us"], first["proof_us"]), figures[0]["fill_us"]]
          for size, figures in by_size.items()])

    by_sends(run("sends", SENDS, SENDS // SENDS_STEPS))


def by_sends(figures):
    """A cache that is full, or a table that has grown, must not make the next send dearer."""
    show("ledger: sends on one store, microseconds each", ["sends", "processor", "to first", "time"],
         [[number(one["sends"]), one["processor_us"], ratio(one["processor_us"], figures[0]["processor_us"]), one["wall_us"]]
          for one in figures],
         "Each with its rows, leaves and message as the gateway writes them. processor: of the whole process; the last over the\n"
         "  first is what counts.")


if __name__ == "__main__":
    main()

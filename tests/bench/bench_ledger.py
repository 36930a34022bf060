"""Durable appends against bare Berkeley DB and a bare file, also with an fsync of 8 ms; look-up and proof by size;
sends one after the other."""
import os
import resource
import shutil
import subprocess
import tempfile

from gateway import BUILD, Failure, program
from table import SECONDS, median, number, ratio, rounds, show

THREADS = (1, 8, 32)
SIZES = tuple(map(int, os.environ.get("BENCH_LEAVES", "10000,1000000").split(",")))
SLOW_US = 8000
VERIFY_WANTED = 100000
VERIFY_ROUNDS = 3
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


def verified(dump):
    """Processor seconds of `acusectl ledger verify` over a dump."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([os.path.join(BUILD, "acusectl"), "ledger", "verify", "--dump", dump], capture_output=True, text=True,
                          check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise Failure("ledger verify: " + done.stdout + done.stderr)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def load(*words):
    """What ledger-load says, as numbers by name."""
    done = subprocess.run([program("ledger-load"), *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure("ledger-load: " + done.stdout + done.stderr)
    fields = done.stdout.split()
    return {name: float(value) for name, value in zip(fields[::2], fields[1::2])}


def make(top, size):
    """A ledger of so many entries: its folder, and what is known of it at rest."""
    folder, dump = os.path.join(top, str(size)), os.path.join(top, f"{size}.dump")
    load("fill", folder, size, dump)
    tables = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".db")]
    rest = {"leaves": size, "bytes": sum(os.path.getsize(path) for path in tables) / size,
            "verify": max(size / verified(dump) for _ in range(VERIFY_ROUNDS))}
    os.remove(dump)
    return folder, rest


def read_at(sizes):
    """The sizes in turns: what else the disk and the processor do meets all of them."""
    top = tempfile.mkdtemp(prefix="acuse-bench-", dir="/tmp")
    try:
        made = {size: make(top, size) for size in sizes}
        os.sync()
        found = rounds({size: lambda size=size: load("read", made[size][0], size) for size in sizes})
        return [made[size][1] | {name: median([one[name] for one in found[size]]) for name in found[size][0] if name != "leaves"}
                for size in sizes]
    finally:
        shutil.rmtree(top)


def by_size(figures):
    first = figures[0]
    rows = [[number(one["leaves"])] + [cell for name in ("append_us", "look_up_us", "proof_us")
                                       for cell in (one[name], ratio(one[name], first[name]))]
            + [one["verify"], ratio(one["verify"], VERIFY_WANTED), one["bytes"]] for one in figures]
    show("ledger: by size, microseconds each", ["entries", "append", "to first", "look-up", "to first", "proof", "to first",
                                                "verified a second", "to 100,000", "bytes each"], rows,
         "append: durable, one after the other. look-up: by expediente. verified: by acusectl ledger verify of a dump, a second of\n"
         "  one processor, the best of three. bytes: of all tables on disk, with opening, tree nodes and an index row.")


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
         f"A leaf and opening of {int(one['bytes'])} bytes and its tree nodes. batch: one thread of bare Berkeley DB that commits the very\n"
         "  same rows, made before, of as many records as there are clients. single: as many threads that commit one row of that size\n"
         "  each. fdatasync: of a file, for a batch.")
    by_size(read_at(SIZES))
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

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


def read_at(size):
    folder = tempfile.mkdtemp(prefix="acuse-bench-", dir="/tmp")
    dump = folder + ".dump"
    try:
        done = subprocess.run([program("ledger-load"), "read", folder, str(size), dump], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure("ledger-load: " + done.stdout + done.stderr)
        words = done.stdout.split()
        found = {name: float(value) for name, value in zip(words[::2], words[1::2])}
        tables = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".db")]
        found["bytes"] = sum(os.path.getsize(path) for path in tables) / size
        found["verify"] = size / verified(dump)
        return found
    finally:
        shutil.rmtree(folder)
        if os.path.exists(dump):
            os.remove(dump)


def by_size(figures):
    first = figures[0]
    rows = [[number(one["leaves"])] + [cell for name in ("append_us", "look_up_us", "proof_us")
                                       for cell in (one[name], ratio(one[name], first[name]))]
            + [one["verify"], ratio(one["verify"], VERIFY_WANTED), one["bytes"]] for one in figures]
    show("ledger: by size, microseconds each", ["entries", "append", "to first", "look-up", "to first", "proof", "to first",
                                                "verified a second", "to 100,000", "bytes each"], rows,
         "append: durable, one after the other. look-up: by expediente. verified: by acusectl ledger verify of a dump, a second of\n"
         "  one processor. bytes: of all tables on disk, with opening, tree nodes and an index row.")


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
    by_size([read_at(size) for size in SIZES])
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

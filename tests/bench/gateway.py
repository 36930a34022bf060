"""The private gateway that the benches load: made by contrib/quickstart, stopped and removed at the end."""
import contextlib
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "contrib", "gateway"))

import daemons  # noqa: E402
import demo  # noqa: E402
import processes  # noqa: E402
from places import Failure, Places  # noqa: E402

BUILD = os.path.abspath(os.environ.get("ACUSE_BUILD", "."))
# No send of a load ever gets into Postfix's queue: the reconciler would only add its own work to each round. P11 would warn of
# a mail without a signed PDF, and each warning is a second mail, to its sender, through Postfix and the milter.
QUIET = (("reconcile_interval_s=2", "reconcile_interval_s=3600"), ("release_timeout_s=20", "release_timeout_s=86400"),
         ("[policy]\n", "[policy]\np11=off\n"))


def program(name):
    return os.path.join(BUILD, "tests", "bench", name)


@contextlib.contextmanager
def running(quiet=True):
    folder = tempfile.mkdtemp(prefix="acuse-bench-", dir="/tmp")
    try:
        done = subprocess.run([os.path.join(TOP, "contrib", "quickstart"), "--keep", folder], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(done.stdout + done.stderr)
        places = Places.load(folder)
        if quiet:
            make_quiet(places)
        yield places
        bad = daemons.rotten(places)
        if bad:
            raise Failure("ended by themselves: " + ", ".join(bad))
    finally:
        if os.path.exists(os.path.join(folder, "state.json")):
            subprocess.run([os.path.join(TOP, "contrib", "quickstart"), "--stop", folder], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def make_quiet(places):
    path = places.path("acuse", "acuse.conf")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for old, new in QUIET:
        if old not in text:
            raise Failure(f"acuse.conf has no {old}")
        text = text.replace(old, new)
    places.write(text, "acuse", "acuse.conf")
    for name in ("outgoing", "provision"):
        processes.stop(places, name)
    for name in ("provision", "outgoing"):
        daemons.start(places, name)
    # It reads the directory first.
    processes.wait_until(lambda: is_taken(places), 30, "no mail is taken", places.log("provision"))


def is_taken(places):
    with contextlib.suppress(Failure):
        return load("-s", places.milter, "-l", "rmoralesa", "-n", 1)["messages"] == 1
    return False


@contextlib.contextmanager
def child(argv, log, ready):
    """A program of the bench's own, ended by its pid."""
    with open(log, "ab") as file:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        def look():
            if process.poll() is not None:
                raise Failure(f"{argv[0]} ended with {process.returncode}\n{processes.tail(log)}")
            return ready()
        processes.wait_until(look, 15, f"{argv[0]} does not answer", log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def processes_of(top):
    """A daemon's process and those below it: the signer has two for each token."""
    parents, found = {}, [top]
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            with open(path, encoding="utf-8", errors="replace") as file:
                parents[int(path.split("/")[2])] = int(file.read().rpartition(")")[2].split()[1])
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def processor_s(pids):
    """Processor time, of user and system, that the processes used since they started."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def load(*words):
    """The line that milter-load prints, as a dictionary."""
    done = subprocess.run([program("milter-load"), *map(str, words)], capture_output=True, text=True, check=False)
    fields = done.stdout.split()
    if done.returncode != 0:
        raise Failure(f"milter-load {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return {name: float(value) for name, value in zip(fields[::2], fields[1::2])}


__all__ = ["BUILD", "Failure", "child", "daemons", "demo", "is_taken", "load", "processes", "processes_of", "processor_s",
           "program", "running"]

"""Starting, watching and ending processes: by pid, and only ours (a pid counts with its start time)."""
import contextlib
import os
import signal
import subprocess
import time

from places import Failure

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def start_time(pid):
    """The kernel's start time of a process, None when it is gone or a zombie.

    A killed process whose first thread is a zombie still has its files and locks while another thread is ending.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return None
    return None if fields[0] == "Z" and threads <= 1 else fields[19]


def tail(path, lines=15):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join("    " + line for line in file.readlines()[-lines:])
    except OSError:
        return ""


def run(argv, why, log=None, input_text=None, env=None, timeout=120, cwd=None, own_session=False):
    """Runs to the end; a Failure says `why` and shows the end of the output. Returns standard output.
    With `own_session` the terminal's Ctrl-C does not reach it."""
    try:
        done = subprocess.run(argv, input=input_text, capture_output=True, text=True, timeout=timeout,
                              env=env, cwd=cwd, errors="replace", check=False,
                              start_new_session=own_session)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"{why}: {error}") from error
    if done.returncode != 0:
        said = (done.stderr + done.stdout).strip()[-1500:]
        raise Failure(f"{why}: {os.path.basename(argv[0])} ended with {done.returncode}\n{said}"
                      + (f"\n{tail(log)}" if log else ""))
    return done.stdout


def wait_until(check, seconds, why, log=None):
    """Looks every 50 ms; returns what `check` gave once it is true."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise Failure(f"{why} (waited {seconds} s)" + (f"\n{tail(log)}" if log else ""))
        time.sleep(0.05)


def as_user(uid, gid=None, groups=()):
    """The words before a command that make it run as a number that needs no account."""
    words = ["setpriv", "--reuid", str(uid), "--regid", str(uid if gid is None else gid)]
    words += ["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]
    return words + ["--no-new-privs"]


def start(places, name, argv, env=None):
    """A daemon that outlives this program; its pid is remembered under `name`, which no other may have meanwhile."""
    if is_running(places, name):
        raise Failure(f"{name} runs already")
    with open(places.log(name), "ab") as log, uninterrupted():
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                 cwd="/", start_new_session=True)
        remember(places, name, child.pid)
    return child


_held = {"depth": 0, "number": None}


def interrupted(number, _frame):
    """The handler of SIGNALS."""
    if _held["depth"] > 0:
        _held["number"] = number
    else:
        raise Failure(f"interrupted by signal {number}")


@contextlib.contextmanager
def uninterrupted():
    """What is begun here is also remembered, so that it will be ended: signals wait meanwhile."""
    _held["depth"] += 1
    try:
        yield
    finally:
        _held["depth"] -= 1
    if _held["depth"] == 0 and _held["number"] is not None:
        raise Failure(f"interrupted by signal {_held['number']}")


def remember(places, name, pid):
    places.state["processes"][name] = [pid, start_time(pid)]
    places.save()


def is_running(places, name):
    pid, since = places.state["processes"].get(name, (0, None))
    return since is not None and start_time(pid) == since


def send_signal(places, name, number):
    pid, _ = places.state["processes"][name]
    if is_running(places, name):
        os.kill(pid, number)


def stop(places, name, seconds=10):
    """Asks, waits, then kills. Does nothing when it is not running."""
    if name not in places.state["processes"]:
        return
    send_signal(places, name, signal.SIGTERM)
    end = time.monotonic() + seconds
    while is_running(places, name):
        if time.monotonic() > end:
            send_signal(places, name, signal.SIGKILL)
            end += seconds
        reap(places, name)
        time.sleep(0.02)
    reap(places, name)


def reap(places, name):
    try:
        os.waitpid(places.state["processes"][name][0], os.WNOHANG)
    except ChildProcessError:
        pass

"""A daemon of the private gateway under libfault.so (tests/fault)."""
import contextlib
import os
import shutil

import daemons
import processes
from harness import Gateway, api, wait
from places import UIDS, Failure

BUILD = os.environ.get("ACUSE_BUILD", ".")
DAEMON = "provision"


def flag():
    return Gateway.places.path("work", "fault-now")


def switch(on):
    """The fault is there from now on, or no longer."""
    if on:
        with open(flag(), "w", encoding="utf-8"):
            pass
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(flag())


def start(at_once=False, **settings):
    """Starts provisiond with faults that wait for switch(True), or at once: then it may end before it is ready; none: as it is."""
    switch(at_once)
    places = Gateway.places
    library = places.path("bin", "libfault.so")
    if not os.path.exists(library):
        built = os.path.join(BUILD, "tests", "fault", "libfault.so")
        if not os.path.exists(built):
            raise Failure(f"{built} was not built: make check TESTS=")
        shutil.copyfile(built, library)
        os.chmod(library, 0o755)
    added = {"ACUSE_FAULT_" + name: str(value) for name, value in settings.items()}
    if added:
        # A sanitizer wants to be first; it is in the program itself.
        added.update(LD_PRELOAD=library, ACUSE_FAULT_WHEN=flag(),
                     ASAN_OPTIONS="verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", ""))
    before = dict(os.environ)
    os.environ.update(added)
    try:
        daemons.start(places, DAEMON)
    except Failure:
        if not at_once:
            raise
    finally:
        os.environ.clear()
        os.environ.update(before)
    if not at_once:
        wait(is_ready, "provisiond does not read the directory")


def is_ready():
    """It has its copy of the directory: until then it refuses every send."""
    status, health = api("GET", "/v1/health")
    return status == 200 and not health["parts"]["directory"].startswith("never")


def is_running():
    processes.reap(Gateway.places, DAEMON)
    return processes.is_running(Gateway.places, DAEMON)


def stop():
    switch(False)
    processes.stop(Gateway.places, DAEMON)


def restart():
    stop()
    start()


@contextlib.contextmanager
def under(**settings):
    """provisiond with these faults for a while; at the end it runs without."""
    stop()
    start(**settings)
    try:
        yield
    finally:
        restart()


__all__ = ["DAEMON", "UIDS", "is_running", "restart", "start", "stop", "switch", "under"]

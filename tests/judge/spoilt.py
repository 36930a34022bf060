"""
A message that a running milter spoils while it edits it (libfault.so flips a bit of its attachment): 451, nothing on record, a line in the
log, and counted in the metrics file; before and after the fault the same mail goes.
"""
import os
import re
import shutil

import compare
import daemons
import judge
import processes
from harness import Gateway, configured, wait
from messages import Message
from station import SENDERS

MARK = "ESTO-SE-DANA"
FILE = (b"Subject: Consulta\nTo: ciudadano@ciudadano.test\nMIME-Version: 1.0\nContent-Type: application/x-datos; name=a.dat\n"
        b"Content-Disposition: attachment; filename=a.dat\n\nantes " + MARK.encode() + b" despues\n")
COUNTED = r'acuse_milter_held_back_total\{instance="outgoing"\} (\d+)'


def start_with_fault(flag):
    places, library = Gateway.places, Gateway.places.path("bin", "libfault.so")
    built = os.path.join(os.environ.get("ACUSE_BUILD", "."), "tests", "fault", "libfault.so")
    compare.need(os.path.exists(built), f"{built} was not built: make check TESTS=")
    shutil.copyfile(built, library)
    os.chmod(library, 0o755)
    before = dict(os.environ)
    os.environ.update(LD_PRELOAD=library, ACUSE_FAULT_WHEN=flag, ACUSE_FAULT_SPOIL=MARK,
                      ASAN_OPTIONS="verify_asan_link_order=0:" + before.get("ASAN_OPTIONS", ""))
    processes.stop(places, "outgoing")
    try:
        daemons.start(places, "outgoing")
    finally:
        os.environ.clear()
        os.environ.update(before)


def send(post):
    return post.submit(Message.parse(FILE), SENDERS["policy"], None)


def need_whole(post):
    sent = send(post)
    compare.need(sent.taken, f"without the fault: {sent.reply}")
    judge.judge(sent, post.blocks["policy"], False)
    post.check_record(sent)


def counted(path):
    with open(path, encoding="utf-8") as file:
        return int(re.search(COUNTED, file.read())[1])


def log_lines(sent):
    with open(Gateway.places.log("outgoing"), encoding="utf-8", errors="replace") as file:
        return [line for line in file if f"queue_id={sent.queue_id}" in line]


def try_it(post, flag, metrics):
    start_with_fault(flag)
    post.reconnect()
    need_whole(post)
    compare.need(counted(metrics) == 0, "something was held back before")
    with open(flag, "w", encoding="utf-8"):
        pass
    os.chmod(os.path.dirname(flag), 0o777)
    for number in (1, 2):
        sent = send(post)
        compare.need(sent.letter == "y" and sent.reply.startswith("451 4.3.0 "), f"spoilt: {sent.letter} {sent.reply}")
        compare.need(not sent.after, "it was changed and taken")
        lines = log_lines(sent)
        compare.need(any("level=error" in line and f"count={number}" in line for line in lines), f"the log says {lines}")
        wait(lambda n=number: counted(metrics) == n, "it is not counted")
    os.unlink(flag)
    need_whole(post)
    compare.need(counted(metrics) == 2, "a good one was counted")


def run(post, counts, _folder):
    folder = Gateway.places.path("spoilt")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o777)
    flag, metrics = os.path.join(folder, "now"), os.path.join(folder, "metrics")
    try:
        with configured({"milter": {"outgoing_metrics": metrics}}, "outgoing", settled=False):
            try_it(post, flag, metrics)
    except (compare.Wrong, LookupError, ValueError, TypeError, OSError) as error:
        counts.failed(f"a spoilt message: {type(error).__name__} {error}"[:600])
    else:
        counts.passed("a spoilt message of a running milter")
    finally:
        post.reconnect()


__all__ = ["run"]

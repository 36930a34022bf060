"""Whole mail through Postfix: with Acuse, with a milter that adds three headers, with none. smtp-source to smtp-sink."""
import contextlib
import os
import socket
import subprocess
import time

from gateway import Failure, child, daemons, processes, program, running
from places import CITIZEN, free_ports
from table import median, ratio, rounds, show

MESSAGES = int(os.environ.get("BENCH_MESSAGES", "200"))
SESSIONS = 8
BYTES = 4096
MODES = ("acuse", "trivial", "none")
# smtp-source knows neither TLS nor AUTH: the login is given by the service. Every mail goes to the sink.
SERVICE = """
127.0.0.1:{port} inet n - n - - smtpd
  -o syslog_name=postfix/bench-{mode}
  -o smtpd_tls_security_level=none
  -o smtpd_sasl_auth_enable=no
  -o smtpd_discard_ehlo_keywords=silent-discard
  -o smtpd_sender_restrictions=
  -o smtpd_relay_restrictions=permit_mynetworks,reject
  -o mynetworks=127.0.0.0/8
  -o content_filter=smtp:[127.0.0.1]:{sink}
"""
MORE = {
    "acuse": """  -o milter_macro_daemon_name=SUBMISSION
  -o milter_macro_defaults={auth_authen}=rmoralesa
  -o smtpd_milters=unix:acuse/outgoing.sock
  -o smtpd_command_filter=regexp:$config_directory/notify.regexp
""",
    "trivial": "  -o smtpd_milters=unix:acuse/trivial.sock\n",
    "none": "  -o smtpd_milters=\n",
}


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


def add_services(places, sink):
    ports = dict(zip(MODES, free_ports(len(MODES))))
    path = places.path("postfix", "etc", "master.cf")
    with open(path, "a", encoding="utf-8") as file:
        for mode in MODES:
            file.write(SERVICE.format(port=ports[mode], mode=mode, sink=sink) + MORE[mode])
    processes.run(["postfix", "-c", places.path("postfix", "etc"), "reload"], "Postfix does not reload",
                  places.log("postfix"))
    for mode in MODES:
        processes.wait_until(lambda mode=mode: answers(ports[mode]), 15, f"{mode}: no service", places.log("postfix"))
    return ports


def send(port):
    """Messages a second that Postfix took: the last reply has come."""
    begun = time.monotonic()
    done = subprocess.run(["/usr/sbin/smtp-source", "-s", str(SESSIONS), "-m", str(MESSAGES), "-l", str(BYTES),
                           "-f", "rmoralesa@muni.test", "-t", CITIZEN, "-S", "Consulta sobre su solicitud", "-M",
                           "pc.muni.test", f"inet:127.0.0.1:{port}"], capture_output=True, text=True, timeout=180,
                          check=False)
    if done.returncode != 0:
        raise Failure("smtp-source: " + done.stdout + done.stderr)
    return MESSAGES / (time.monotonic() - begun)


def main():
    sink = free_ports(1)[0]
    with running() as places:
        trivial = places.path("postfix", "spool", "acuse", "trivial.sock")
        with child([program("trivial-milter"), trivial], places.log("trivial"), lambda: daemons.answers(trivial)), \
                child(["/usr/sbin/smtp-sink", "-u", "postfix", f"127.0.0.1:{sink}", "128"], places.log("sink"),
                      lambda: answers(sink)):
            os.chmod(trivial, 0o777)
            ports = add_services(places, sink)
            found = rounds({mode: lambda mode=mode: send(ports[mode]) for mode in MODES})
    none = median(found["none"])
    trivial_rate = median(found["trivial"])
    show(f"postfix: {MESSAGES} mails of {BYTES} bytes, {SESSIONS} sessions, taken a second",
         ["milter", "a second", "to trivial", "to none"],
         [[mode, median(found[mode]), ratio(median(found[mode]), trivial_rate), ratio(median(found[mode]), none)]
          for mode in MODES], "acuse: with its record, and with Postfix's report of each delivery, which is recorded too.")


if __name__ == "__main__":
    main()

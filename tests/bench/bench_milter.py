"""acuse-milter outgoing against opendkim, both driven over the milter protocol, and against bare RSA signatures."""
import os
import re
import subprocess

from bench_sign import bare
from gateway import Failure, child, daemons, load, processes_of, processor_s, running
from keys import token_env
from places import CITIZEN, EXPEDIENTE, OFFICE_ADDRESS, OFFICE_TOKEN
from table import SECONDS, median, number, ratio, rounds, show

KINDS = {"text": "4 KiB text", "pdf": "100 KiB with PDF"}
CONNECTIONS = (1, 8)
# Twice what signing-milter made beside opendkim, as parts of opendkim's rate (README.md).
WANTED = {1: 1.05, 8: 0.90}
OPENDKIM = """Background no
Socket local:{folder}/opendkim.sock
Mode s
Domain muni.test
Selector carga
KeyFile {folder}/opendkim.key
SignatureAlgorithm rsa-sha256
RequireSafeKeys no
Syslog no
"""


def opendkim(places):
    folder = places.folder("opendkim", mode=0o700)
    subprocess.run(["openssl", "genrsa", "-out", f"{folder}/opendkim.key", "2048"], check=True, capture_output=True)
    places.write(OPENDKIM.format(folder=folder), "opendkim", "opendkim.conf")
    sock = f"{folder}/opendkim.sock"
    return sock, child(["/usr/sbin/opendkim", "-f", "-x", f"{folder}/opendkim.conf"], places.log("opendkim"),
                       lambda: daemons.answers(sock))


def signatures_a_second():
    said = subprocess.run(["openssl", "speed", "-mr", "-seconds", "1", "rsa2048"], capture_output=True, text=True,
                          check=False).stdout
    found = re.search(r"^\+F2:\d+:2048:([0-9.e-]+):", said, re.M)
    if not found:
        raise Failure("openssl speed said something else: " + said)
    figure = float(found[1])
    return figure if figure > 1 else 1 / figure


def options(places, mode):
    common = ["-s", places.milter, "-l", "rmoralesa"]
    if mode == "pass":
        return common + ["-d", "INTERNAL", "-a"]
    if mode == "policy":
        return common + ["-f", "rmoralesa@muni.test", "-r", CITIZEN, "-j", "Consulta sobre su solicitud"]
    return common + ["-f", OFFICE_ADDRESS, "-r", CITIZEN, "-j", f"CARTA 200-2026-SG/MUNI. Exp. {EXPEDIENTE}"]


def measure(groups, *words):
    """A round of the load, with the processor time that each message took in the processes: {name: pids}."""
    before = {name: processor_s(pids) for name, pids in groups.items()}
    found = load(*words)
    parts = {name: 1000 * (processor_s(pids) - before[name]) / found["messages"] for name, pids in groups.items()}
    return dict(found, parts=parts, processor_ms=sum(parts.values()))


def our_processes(places):
    pids = {name: processes_of(places.state["processes"][name][0]) for name in ("outgoing", "provision", "signer")}
    return {"milter": pids["outgoing"], "provisiond": pids["provision"], "signer": pids["signer"][:1], "workers": pids["signer"][1:]}


def check_signing(sock):
    """The peer has to do its work: a DKIM-Signature for each message."""
    one = load("-s", sock, "-n", 1)
    if one["changed_bytes"] < 256:
        raise Failure("opendkim did not sign")


def main():
    with running() as places:
        sock, peer = opendkim(places)
        with peer as process:
            check_signing(sock)
            ours, pin = our_processes(places), places.state["pins"][OFFICE_TOKEN]
            cases = {"rsa": signatures_a_second, "bare": lambda: bare(token_env(places), pin, OFFICE_TOKEN)}
            for kind in KINDS:
                for count in CONNECTIONS:
                    more = ["-c", count, "-k", kind, "-t", SECONDS]
                    for mode in ("pass", "policy", "signature"):
                        cases[mode, kind, count] = lambda mode=mode, more=more: measure(
                            ours, *options(places, mode), *more)
                    cases["opendkim", kind, count] = lambda more=more: measure({"opendkim": [process.pid]}, "-s", sock, *more)
            found = rounds(cases)
    report(found)


def report(found):
    rsa = median(found["rsa"])
    rows = []
    for kind, words in KINDS.items():
        for count in CONNECTIONS:
            peer = median([one["rate"] for one in found["opendkim", kind, count]])
            for mode in ("pass", "policy", "signature", "opendkim"):
                figures = found[mode, kind, count]
                rate = median([one["rate"] for one in figures])
                rows.append([f"{words}, {count} connection{'s' if count > 1 else ''}, {mode}", rate,
                             median([one["median_us"] for one in figures]) / 1000,
                             median([one["p95_us"] for one in figures]) / 1000, ratio(rate, peer), ratio(rate, rsa),
                             median([one["processor_ms"] for one in figures])])
    show("milter: messages a second", ["what", "a second", "median ms", "p95 ms", "to opendkim", "to RSA",
                                      "processor ms"], rows,
         f"openssl speed rsa2048, one process: {number(rsa)} signatures a second; {os.cpu_count()} processors. pass: accepted at "
         "MAIL.\n  policy: block, headers, durable record. signature: that and the CMS of a SoftHSM token. processor ms: of\n  "
         "all our daemons for one message; on a machine that does other work too it says more than the rate.")
    report_parts(found)


def report_parts(found):
    """Where a signed mail's processor time goes, and what twice signing-milter would leave for all of it."""
    kind, rows = next(iter(KINDS)), []
    c_sign = median([one["processor_ms"] for one in found["bare"]])
    for count in CONNECTIONS:
        figures, peers = found["signature", kind, count], found["opendkim", kind, count]
        parts = {name: median([one["parts"][name] for one in figures]) for name in figures[0]["parts"]}
        peer = median([one["processor_ms"] for one in peers])
        rows.append([f"{count} connection{'s' if count > 1 else ''}", *parts.values(), sum(parts.values()), c_sign, peer,
                     peer / WANTED[count]])
    show(f"milter: processor ms of one signed mail, {KINDS[kind]}",
         ["what", "milter", "provisiond", "signer", "its worker", "all", "C_Sign alone", "opendkim", "twice signing-milter"], rows,
         "Twice signing-milter: what a mail may take for 1.05 (1 connection) and 0.90 (8) of opendkim's rate. A key in a file\n"
         "  needs neither C_Sign of SoftHSM, which makes the key anew each time, nor provisiond, which makes two durable records a\n"
         "  mail, one before the signature and one after it. With one connection nothing of this goes on at the same time.")


if __name__ == "__main__":
    main()

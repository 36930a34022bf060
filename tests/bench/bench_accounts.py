"""Accounts made through the API against ldapadd of the same entries into the same slapd; look-ups of names, start-up and
memory of the milter's live copy, by how many accounts there are."""
import concurrent.futures
import hashlib
import http.client
import json
import os
import socket
import subprocess
import threading
import time

from gateway import Failure, daemons, demo, is_taken, processes, running
from places import BASE, DOMAIN, UIDS
from servers import start_slapd
from table import median, number, ratio, show

ACCOUNTS = int(os.environ.get("BENCH_ACCOUNTS", "10000"))
SIZES = tuple(map(int, os.environ.get("BENCH_ACCOUNT_SIZES", "1000,100000").split(",")))
ROUNDS = 5  # so many parts of each, in turn
THREADS = 8
ROWS = 500
LOOK_UPS = 200
SCAN = b"%PDF-1.4\n% FORM-01, firmado por el jefe de la unidad\n"


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("acuse", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Api:
    """A connection for each thread, kept open."""
    def __init__(self, places):
        self.places, self.local = places, threading.local()

    def call(self, method, path, body):
        if not hasattr(self.local, "http"):
            self.local.http = Unix(self.places.api)
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        self.local.http.request(method, path, raw, {} if isinstance(body, bytes) else {"Content-Type": "application/json"})
        answer = self.local.http.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise Failure(f"{method} {path}: {answer.status} {text[:300]!r}")
        return json.loads(text) if text else None


def word(n, prefix):
    """A surname of its own for each number."""
    letters = ""
    for _ in range(5):
        n, digit = divmod(n, 26)
        letters = chr(97 + digit) + letters
    return prefix + letters


def rows_of(first, count, scan):
    return [dict(demo.FORM_01, line=i + 1, given_names="Ana", paternal_surname=word(first + i, "Q"), maternal_surname="Rojas",
                 dni=f"{20000000 + first + i}", scan=scan) for i in range(count)]


def through_api(api, pool, first, count, scan):
    begun = time.monotonic()
    ids = []
    for at in range(0, count, ROWS):
        answer = api.call("POST", "/v1/requests/import", {"rows": rows_of(first + at, min(ROWS, count - at), scan), "apply": True})
        ids += [item["id"] for item in answer["items"]]
    made = list(pool.map(lambda one: api.call("POST", f"/v1/requests/{one}/approve", {}), ids))
    if not all(one.get("uid") for one in made):
        raise Failure("an account was not made")
    return count / (time.monotonic() - begun)


def entry(n, prefix):
    """The two entries of an account, as provisiond writes them."""
    surname = word(n, prefix)
    uid = f"a{surname.lower()}r"
    return (f"dn: cn={uid},ou=names,{BASE}\nobjectClass: acuseName\ncn: {uid}\nacuseHolder: 0000000{n}\n\n"
            f"dn: uid={uid},ou=people,{BASE}\nobjectClass: inetOrgPerson\nobjectClass: acuseAccount\nuid: {uid}\nmail: {uid}@{DOMAIN}\n"
            f"cn: Ana {surname} Rojas\nou:: U2VjcmV0YXLDrWEgR2VuZXJhbA==\ntelephoneNumber: 999888777\nacuseKind: person\n"
            f"acuseState: pending\nsn: {surname} Rojas\ngivenName: Ana\ntitle: Secretaria General\nacuseDni: {30000000 + n}\n"
            f"acusePaternalSurname: {surname}\nacuseMaternalSurname: Rojas\n\n")


def by_ldapadd(places, first, count):
    path = places.write("".join(entry(first + i, "W") for i in range(count)), "work", "accounts.ldif")
    begun = time.monotonic()
    subprocess.run(processes.as_user(UIDS["provision"]) + ["ldapadd", "-Q", "-Y", "EXTERNAL", "-H", places.ldapi_uri, "-f", path],
                   stdout=subprocess.DEVNULL, check=True)
    return count / (time.monotonic() - begun)


def making(places, api, pool, scan):
    part = max(1, ACCOUNTS // ROUNDS)
    found = [(through_api(api, pool, i * part, part, scan), by_ldapadd(places, i * part, part)) for i in range(ROUNDS)]
    made, added = (median(list(figures)) for figures in zip(*found))
    show(f"accounts: made a second, {part * ROUNDS:,} of each", ["through the API", "ldapadd", "ratio"],
         [[made, added, ratio(made, added)]],
         f"API: FORM-01 filed in lists of {ROWS} and each approved, {THREADS} connections. ldapadd: the same two entries an account, one\n"
         "  connection. Medians of parts in turn.")


def fill(places, first, count):
    """Many at once: slapd is stopped meanwhile."""
    path = places.write("".join(entry(i, "X") for i in range(first, count)), "work", "accounts.ldif")
    processes.stop(places, "slapd")
    subprocess.run(processes.as_user(UIDS["slapd"]) + [places.path("bin", "slapadd"), "-q", "-w", "-n", "1", "-F",
                   places.path("ldap", "slapd.d"), "-l", path], check=True, capture_output=True)
    start_slapd(places)


def milliseconds(call, count):
    figures = []
    for i in range(count):
        begun = time.monotonic()
        call(i)
        figures.append((time.monotonic() - begun) * 1000)
    return median(figures)


def started(places):
    """Seconds until mail is taken by a milter that was started anew, and its MiB."""
    processes.stop(places, "outgoing")
    begun = time.monotonic()
    daemons.start(places, "outgoing")
    processes.wait_until(lambda: is_taken(places), 120, "no mail is taken", places.log("outgoing"))
    seconds = time.monotonic() - begun
    with open(f"/proc/{places.state['processes']['outgoing'][0]}/status", encoding="utf-8") as file:
        return seconds, next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024


def at_size(places, api, scan, first, size):
    fill(places, first, size)
    processes.wait_until(lambda: is_taken(places), 120, "no mail is taken", places.log("outgoing"))
    api.call("GET", "/v1/accounts/rmoralesa", None)
    with concurrent.futures.ThreadPoolExecutor(1) as one:
        made = through_api(api, one, 5000000 + size, LOOK_UPS, scan)
    added = by_ldapadd(places, 5000000 + size, LOOK_UPS)
    return [size, milliseconds(lambda i: api.call("GET", f"/v1/accounts/{entry_uid(i)}", None), LOOK_UPS),
            milliseconds(lambda i: api.call("GET", f"/v1/accounts/{entry_uid(i)}@{DOMAIN}", None), LOOK_UPS),
            1000 / made, 1000 / added, *started(places)]


def entry_uid(i):
    return f"a{word(i, 'x')}r"


def by_size(places, api, scan):
    figures, first = [], 0
    for size in SIZES:
        figures.append(at_size(places, api, scan, first, size))
        first = size
    base = figures[0]
    show("accounts: by how many there are, milliseconds each",
         ["accounts", "by name", "to first", "by address", "to first", "made", "to first", "ldapadd", "to first",
          "live copy s", "MiB", "to first"],
         [[number(one[0]), one[1], ratio(one[1], base[1]), one[2], ratio(one[2], base[2]), one[3], ratio(one[3], base[3]), one[4],
           ratio(one[4], base[4]), one[5], one[6], ratio(one[6], base[6])] for one in figures],
         "made: filed, a free name searched, the account there, one after the other. ldapadd: the same entries into the\n"
         "  same slapd, which writes more for an entry the more it has. live copy: from the start of acuse-milter to the first mail that\n"
         "  it takes, and its resident memory then.")


def main():
    with running() as places, concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        api, scan = Api(places), hashlib.sha256(SCAN).hexdigest()
        api.call("PUT", f"/v1/blobs/{scan}", SCAN)
        making(places, api, pool, scan)
        by_size(places, api, scan)


if __name__ == "__main__":
    main()

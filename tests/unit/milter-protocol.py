#!/usr/bin/env python3
"""acuse-milter as Postfix sees it: a client of the milter protocol and a provisiond that answers what a case wants.

Run from the build folder: the program is ./acuse-milter, or what ACUSE_MILTER_PROGRAM names. Ends what it starts.
"""
import base64
import hashlib
import hmac
import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from milter_client import ALL_STEPS, LEADSPC, Milter  # noqa: E402

PROGRAM = os.path.abspath(os.environ.get("ACUSE_MILTER_PROGRAM", "acuse-milter"))
KEY = b"0123456789abcdef0123456789abcdef"
ROSA, CITIZEN = "rmoralesa@muni.test", "ciudadano@ciudadano.test"


def token_address(random=b"0123456789abcdef"):
    mac = hmac.new(KEY, b"acuse-token-1" + random, hashlib.sha256).digest()[:4]
    return f"acuse+{base64.b32encode(random + mac).decode().lower()}@muni.test"


class Provisiond(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Remembers what it was asked; answers events with .event (status, JSON)."""
    daemon_threads = True

    def __init__(self, path):
        self.blobs, self.events, self.event = {}, [], (200, {})
        super().__init__(path, Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()
        os.unlink(self.server_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def respond(self, status, answer):
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_PUT(self):
        self.server.blobs[self.path.rsplit("/", 1)[1]] = self.body()
        self.respond(201, {})

    def do_POST(self):
        self.server.events.append(json.loads(self.body()))
        self.respond(*self.server.event)


def message(sender=CITIZEN, reference="", subject="Consulta"):
    more = f"In-Reply-To: <{reference}>\n" if reference else ""
    return f"From: {sender}\nTo: x@muni.test\nSubject: {subject}\nMessage-ID: <a@x.test>\n{more}\nHola.\n"


FAILED = """From: MAILER-DAEMON@mx.muni.test
To: x@muni.test
Subject: Report
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Failed.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.muni.test
X-Postfix-Queue-ID: 4fTest0Queue

Final-Recipient: rfc822; ciudadano@ciudadano.test
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <n12@pc.muni.test>

--b--
"""


def check(name, got, wanted):
    if got != wanted:
        raise AssertionError(f"{name}: got {got!r}, wanted {wanted!r}")


def test_streams(outgoing, evidence, _):
    for path, stream, wanted in ((outgoing, "UNSET", "451 4.7.1"), (outgoing, None, "451 4.7.1"),
                                 (outgoing, "INBOUND", "451 4.7.1"), (evidence, "SUBMISSION", "451 4.7.1"),
                                 (evidence, "UNSET", "451 4.7.1")):
        one = Milter(path)
        one.connect(stream)
        check(f"{stream}", one.mail("<a@b.test>", stream), "y")
        check(f"{stream}", one.reply[:9], wanted)
        one.close()
    for path, stream in ((outgoing, "INTERNAL"), (evidence, "LOCAL")):
        one = Milter(path)
        one.connect(stream)
        check(stream, one.mail("root@host.test", stream), "a")
        one.close()


def test_no_directory(outgoing, *_):
    one = Milter(outgoing)
    one.connect("SUBMISSION")
    check("old directory", one.message("SUBMISSION", f"<{ROSA}>", [f"<{CITIZEN}>"], message(ROSA), "rmoralesa"), "y")
    check("old directory", one.reply[:9], "451 4.3.0")
    one.close()


def refuses(path, **offer):
    """libmilter closes the connection; Postfix then defers the mail."""
    try:
        return Milter(path, **offer).letter != "O"
    except EOFError:
        return True


def test_negotiation(_, evidence, __):
    check("no leading blanks offered", refuses(evidence, steps=ALL_STEPS & ~LEADSPC), True)
    check("no change of sender offered", refuses(evidence, actions=0x3F), True)
    check("all offered", bool(Milter(evidence).steps & LEADSPC), True)


def test_several_messages(_, evidence, provisiond):
    one = Milter(evidence)
    one.connect("INBOUND")
    check("ordinary", one.message("INBOUND", f"<{CITIZEN}>", [f"<{ROSA}>"], message()), "a")
    check("unchanged", one.changes, [])
    check("own domain", one.mail("<alcalde@Muni.test>", "INBOUND"), "y")
    check("own domain", one.reply[:9], "550 5.7.1")
    check("again", one.mail(f"<{CITIZEN}>", "INBOUND"), "c")
    check("invented token", one.rcpt("<" + token_address()[:-12] + "aa@muni.test>"), "y")
    check("invented token", one.reply[:9], "550 5.1.1")
    check("a second recipient", one.rcpt(f"<{ROSA}>"), "c")
    one.send(b"A")
    provisiond.event = (200, {"matched": "s1", "counts": True, "deliver_to": [ROSA]})
    check("answer", one.message("INBOUND", f"<{CITIZEN}>", [f"<{token_address()}>"], message(reference="n12@x.test")), "a")
    check("handed on", one.changes, [("-", [f"<{token_address()}>"]), ("+", [f"<{ROSA}>"])])
    event = provisiond.events[-1]
    check("after the abort nothing is left over", event["token"], token_address()[6:38])
    check("client", event["client_address"], "192.0.2.1")
    stored = provisiond.blobs[event["original_sha256"]]
    check("digest", hashlib.sha256(stored).hexdigest(), event["original_sha256"])
    check("exact bytes", stored, message(reference="n12@x.test").replace("\n", "\r\n").encode())
    one.close()


def test_own_reports(_, evidence, provisiond):
    one = Milter(evidence)
    one.connect("INTERNAL")
    provisiond.event = (200, {"matched": "s1", "counts": True, "deliver_to": [ROSA]})
    check("failure", one.message("INTERNAL", "", [token_address()], FAILED), "a")
    check("handed on", one.changes, [("-", [f"<{token_address()}>"]), ("+", [f"<{ROSA}>"])])
    check("success", one.message("INTERNAL", "", [token_address()], FAILED.replace("failed", "relayed")), "d")
    provisiond.event = (503, {"type": "urn:acuse:error:unavailable", "title": "x", "status": 503, "detail": "x",
                              "code": "unavailable"})
    check("not recorded", one.message("INTERNAL", "", [ROSA], FAILED), "y")
    check("not recorded", one.reply[:3], "451")
    provisiond.event = (400, {"type": "urn:acuse:error:invalid", "title": "x", "status": 400, "detail": "x",
                              "code": "invalid"})
    check("never for good", one.message("INTERNAL", "", [ROSA], FAILED), "y")
    check("never for good", one.reply[:3], "451")
    one.close()


def test_provisiond_away(_, evidence, provisiond):
    provisiond.stop()
    one = Milter(evidence)
    one.connect("INBOUND")
    check("to a token", one.message("INBOUND", f"<{CITIZEN}>", [f"<{token_address()}>"], message()), "y")
    check("to a token", one.reply[:9], "451 4.3.0")
    check("report", one.message("INBOUND", "<>", [f"<{ROSA}>"], FAILED), "y")
    check("answer by reference", one.message("INBOUND", f"<{CITIZEN}>", [f"<{ROSA}>"], message(reference="n@x.test")), "a")
    check("ordinary", one.message("INBOUND", f"<{CITIZEN}>", [f"<{ROSA}>"], message()), "a")
    one.close()


def test_hasty_clients(_, evidence, __):
    first = Milter(evidence)
    first.close()
    socket.socket(socket.AF_UNIX).connect(evidence)
    cut = Milter(evidence)
    cut.connect("INBOUND")
    cut.mail(f"<{CITIZEN}>", "INBOUND")
    cut.socket.close()
    many = [Milter(evidence) for _ in range(20)]
    for one in many:
        one.connect("INBOUND")
        check("begun", one.mail(f"<{CITIZEN}>", "INBOUND"), "c")
    for one in many:
        check("recipient", one.rcpt(f"<{ROSA}>"), "c")
    for one in many:
        check("each its own", one.data(message()), "a")
        one.close()


TESTS = [test_streams, test_no_directory, test_negotiation, test_several_messages, test_own_reports, test_hasty_clients,
         test_provisiond_away]


def settings(folder):
    with open(f"{folder}/token.key", "wb") as file:
        file.write(KEY)
    os.chmod(f"{folder}/token.key", 0o600)
    with open(f"{folder}/acuse.conf", "w", encoding="utf-8") as file:
        file.write(f"""[institution]
name=Municipalidad de Prueba
domain=muni.test
[milter]
outgoing_socket={folder}/outgoing.sock
evidence_socket={folder}/evidence.sock
token_key={folder}/token.key
client_wait_ms=5000
[directory]
uri=ldapi://{folder.replace("/", "%2F")}%2Fabsent
base=dc=muni,dc=test
[api]
socket={folder}/api.sock
""")


def start(folder, name, children):
    """Starts an instance and waits for its READY to the notify socket; a stale socket lies in its way."""
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(f"{folder}/{name}.sock")
    stale.close()
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(f"{folder}/notify-{name}")
    notify.settimeout(20)
    log = open(f"{folder}/{name}.log", "wb")
    child = subprocess.Popen([PROGRAM, "-c", f"{folder}/acuse.conf", name], stderr=log,
                             env=dict(os.environ, NOTIFY_SOCKET=f"{folder}/notify-{name}"))
    children.append((name, child))
    check("ready", notify.recv(100), b"READY=1")
    check("mode of the socket", os.stat(f"{folder}/{name}.sock").st_mode & 0o777, 0o770)
    notify.close()
    return f"{folder}/{name}.sock"


def stop(folder, children):
    """Ends every child, then says which did not end well."""
    wrong = []
    for name, child in children:
        child.send_signal(signal.SIGTERM)
        try:
            status = child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            status = child.wait()
        with open(f"{folder}/{name}.log", encoding="utf-8", errors="replace") as log:
            text = log.read()
        if status != 0 or "Sanitizer" in text:
            wrong.append(f"{name} ended with {status}\n{text[-3000:]}")
    if wrong:
        raise AssertionError("\n".join(wrong))


def main():
    folder, children, failed = tempfile.mkdtemp(prefix="acuse-milter-"), [], 0
    try:
        settings(folder)
        provisiond = Provisiond(f"{folder}/api.sock")
        paths = [start(folder, name, children) for name in ("outgoing", "evidence")]
        for test in TESTS:
            try:
                test(*paths, provisiond)
                print(f"ok {test.__name__}")
            except (AssertionError, OSError, EOFError, KeyError, IndexError) as error:
                failed += 1
                print(f"not ok {test.__name__}: {error!r}")
    finally:
        try:
            stop(folder, children)
        except AssertionError as error:
            failed += 1
            print(error)
        shutil.rmtree(folder)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

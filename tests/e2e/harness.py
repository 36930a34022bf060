"""What the end-to-end tests share: one private gateway, made by contrib/quickstart, and words to speak of it."""
import configparser
import contextlib
import glob
import hashlib
import hmac
import io
import json
import os
import re
import secrets
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile
import time
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONTRIB = os.path.join(TOP, "contrib")
sys.path.insert(0, os.path.join(CONTRIB, "gateway"))

import daemons  # noqa: E402
import demo  # noqa: E402
import mails  # noqa: E402
import processes  # noqa: E402
import servers  # noqa: E402
from places import (CITIZEN, DOMAIN, EXPEDIENTE, OFFICE, OFFICE_ADDRESS,  # noqa: E402
                    OFFICE_TOKEN, UIDS, Failure, Places)

WAIT_S = 60
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


class Gateway:
    """The gateway under test; `places` and `person` are there after start()."""
    folder = None
    places = None
    person = None

    @classmethod
    def start(cls):
        cls.folder = tempfile.mkdtemp(prefix="acuse-e2e-", dir="/tmp")
        done = subprocess.run([os.path.join(CONTRIB, "quickstart"), "--keep", cls.folder],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(done.stdout + done.stderr)
        cls.places = Places.load(cls.folder)
        env = cls.read_env()
        cls.person = demo.Person(env["ACUSE_USER"], env["ACUSE_PASSWORD"])

    @classmethod
    def read_env(cls):
        with open(os.path.join(cls.folder, "env"), encoding="utf-8") as file:
            return dict(re.findall(r"^([A-Z_]+)='([^']*)'$", file.read(), re.M))

    @classmethod
    def end_daemons(cls):
        """Ends Acuse's own daemons; the folder of the logs, complete then."""
        if cls.places is not None:
            for name in reversed(daemons.DAEMONS):
                processes.stop(cls.places, name)
        return os.path.join(cls.folder or "", "log")

    @classmethod
    def stop(cls):
        """True when --stop did its work and nothing of the gateway is left."""
        if cls.places is None:
            shutil.rmtree(cls.folder, ignore_errors=True)
            return True
        kept = os.environ.get("ACUSE_LOGS")
        if kept:
            shutil.copytree(cls.places.path("log"), kept, dirs_exist_ok=True)
        cls.places.save()
        done = subprocess.run([os.path.join(CONTRIB, "quickstart"), "--stop", cls.folder],
                              capture_output=True, text=True, check=False)
        print(done.stdout + done.stderr, end="", flush=True)
        return done.returncode == 0 and not os.path.exists(cls.folder) and not left_over(cls.folder)


def left_over(folder):
    """Processes whose command line names the folder."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            with open(path, "rb") as file:
                if folder.encode() in file.read():
                    found.append(int(path.split("/")[2]))
    return [pid for pid in found if pid != os.getpid()]


def api(method, path, body=None, uid=0):
    """(status, JSON) of a call of the API over its Unix socket, as the user `uid`."""
    argv = processes.as_user(uid) if uid else []
    argv = argv + ["curl", "-sS", "--max-time", "30", "--unix-socket", Gateway.places.api, "-X", method,
                   "-w", "\n%{http_code}", "http://acuse" + path]
    if body is not None:
        argv += ["-H", "Content-Type: application/json", "--data-binary", json.dumps(body)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    text, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(text) if text else None


def permit_for(data, mailbox=OFFICE_ADDRESS, life_s=30, key=None):
    """What provisiond would write: the test may read the key, being root."""
    if key is None:
        with open(Gateway.places.path("acuse", "permit.key"), "rb") as file:
            key = file.read()
    text = f"1 prueba{secrets.token_hex(8)} {mailbox} {hashlib.sha256(data).hexdigest()} {int(time.time()) + life_s} "
    return text + hmac.new(key, b"acuse-permit-1 " + text.rstrip().encode(), "sha256").hexdigest()


def sign(permit, data, uid=UIDS["outgoing"]):
    """What the signer answers to a request of that user: its word; behind "ok" the certificate's digest and the CMS in base64."""
    places = Gateway.places
    with open(os.path.join(TOP, "tests", "e2e", "signer_client.py"), "rb") as file:
        script = places.write(file.read(), "work", "signer_client.py")
    path = places.write(data, "work", "to-sign")
    argv = ["/usr/bin/python3", "-B", script, daemons.socket_of(places, "signer"), permit, path]
    done = subprocess.run(processes.as_user(uid, uid, [daemons.GROUPS["signer"]]) + argv, capture_output=True, text=True,
                          check=False)
    return done.stdout.split() or done.stderr.strip().splitlines()[-1:]


def sends(message_id):
    status, found = api("GET", "/v1/sends?message_id=" + message_id.strip("<>"))
    if status != 200:
        raise Failure(f"GET /v1/sends: {status} {found}")
    return [api("GET", "/v1/sends/" + one["id"])[1] for one in found["items"]]


def events_of(message_id):
    return [one for send in sends(message_id) for one in send["timeline"]]


def entries_of_ledger():
    entries, page = [], {"next": None}
    while not entries or page["next"]:
        status, page = api("GET", "/v1/ledger/entries?limit=1000" + (f"&after={page['next']}" if page["next"] else ""))
        if status != 200:
            raise Failure(f"GET /v1/ledger/entries: {status} {page}")
        entries += page["items"]
    return entries


def wait(check, why, seconds=WAIT_S):
    return processes.wait_until(check, seconds, why)


def notification(number, **more):
    return mails.make_notification(f"CARTA {number}-2026-SG/MUNI. Exp. {EXPEDIENTE}", **more)


def authorise(address):
    """D9: this citizen may be notified in the expediente of notification()."""
    demo.acusectl(Gateway.places, "expediente", "authorise", EXPEDIENTE, address, "--document", "Solicitud f. 5", "--date",
                  "2026-01-05", "--holder", "Juan")


def submit(mail, **more):
    return mails.submit(Gateway.places, Gateway.person.uid, Gateway.person.password, mail, **more)


def reply_of(call):
    """(code, text) of an SMTP dialogue, accepted or refused."""
    try:
        code, text = call()
        return code, text
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        return code, text.decode(errors="replace")
    except smtplib.SMTPResponseException as error:
        text = error.smtp_error
        return error.smtp_code, text.decode(errors="replace") if isinstance(text, bytes) else text
    except smtplib.SMTPServerDisconnected as error:
        return 421, str(error)


def retry(mail, seconds=60):
    """What a mail client's owner does: sends the same again until it is taken."""
    end = time.monotonic() + seconds
    while True:
        code, text = reply_of(lambda: submit(mail))
        if code == 250 or code >= 500 or time.monotonic() > end:
            return code, text
        time.sleep(0.2)


def settle():
    """Until mail is taken again after a daemon was started anew."""
    assert retry(mails.make_plain("Saludo", OFFICE_ADDRESS, OFFICE_ADDRESS))[0] == 250


def restart(name):
    places = Gateway.places
    if name == "slapd":
        servers.start_slapd(places)
    else:
        daemons.start(places, name)
    if name == "signer":
        wait(lambda: api("GET", "/v1/tokens")[0] == 200, "provisiond does not see the signer")
        demo.unlock_token(places)


def start_later(moved):
    """provisiond with a clock that is moved. Not its start as another user: the clock's semaphore is of whom it is set for."""
    places = Gateway.places
    clock = ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME={moved}", "FAKETIME_DONT_FAKE_MONOTONIC=1",
             "ASAN_OPTIONS=verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")]
    processes.start(places, "provision", processes.as_user(UIDS["provision"], UIDS["provision"], places.state["groups"]["provision"])
                    + clock + daemons.argv_of(places, "provision"))
    wait(lambda: daemons.answers(places.api), "provisiond does not answer on a day to come")


@contextlib.contextmanager
def down(name):
    """A daemon that is not there for a while."""
    daemons.kill(Gateway.places, name)
    try:
        yield
    finally:
        restart(name)


@contextlib.contextmanager
def frozen(name):
    processes.send_signal(Gateway.places, name, signal.SIGSTOP)
    try:
        yield
    finally:
        processes.send_signal(Gateway.places, name, signal.SIGCONT)


@contextlib.contextmanager
def setting(daemon, old, new):
    """One line of acuse.conf otherwise, for one daemon, for a while."""
    places = Gateway.places
    path = places.path("acuse", "acuse.conf")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if old not in text:
        raise Failure(f"acuse.conf has no {old}")
    places.write(text.replace(old, new), "acuse", "acuse.conf")
    processes.stop(places, daemon)
    daemons.start(places, daemon)
    try:
        yield
    finally:
        places.write(text, "acuse", "acuse.conf")
        processes.stop(places, daemon)
        daemons.start(places, daemon)


def settings_with(changes):
    """The text of acuse.conf with {"group": {"key": "value"}} of its own."""
    parser = configparser.RawConfigParser(delimiters=("=",), strict=True)
    parser.optionxform = str
    parser.read(Gateway.places.path("acuse", "acuse.conf"), encoding="utf-8")
    parser.read_dict(changes)
    text = io.StringIO()
    parser.write(text, space_around_delimiters=False)
    return text.getvalue()


@contextlib.contextmanager
def configured(changes, *names, settled=True):
    """Settings otherwise for these daemons, for a while; until they are well, and mail is taken again."""
    places = Gateway.places
    path = places.path("acuse", "acuse.conf")
    with open(path, encoding="utf-8") as file:
        before = file.read()

    def put(text):
        places.write(text, "acuse", "acuse.conf")
        for name in names:
            processes.stop(places, name)
            daemons.start(places, name)
        wait(lambda: api("GET", "/v1/health")[1]["status"] == "ok", "provisiond is not well")
        if settled:
            settle()
    try:
        put(settings_with(changes))
        yield
    finally:
        put(before)


class Case(unittest.TestCase):
    """Fails also when a daemon died unasked, and starts it again for the next case."""
    places = property(lambda self: Gateway.places)

    def tearDown(self):
        dead = daemons.rotten(Gateway.places)
        tails = "".join(processes.tail(Gateway.places.log(name)) for name in dead)
        for name in dead:
            restart(name)
        self.assertEqual(dead, [], f"died unasked\n{tails}")

    def assert_refused(self, call, code, *words):
        found, text = reply_of(call)
        self.assertEqual(found, code, text)
        for word in words:
            self.assertIn(word, text)

    def assert_sent_once(self, mail):
        """Delivered once, recorded once, with its bytes."""
        message_id = str(mail["Message-ID"])
        wait(lambda: mails.received(self.places, message_id), "the citizen's server got nothing")
        # A second copy would come by the queue's next run.
        time.sleep(1)
        self.assertEqual(len(mails.received(self.places, message_id)), 1)
        self.assert_recorded_once(message_id)

    def assert_recorded_once(self, message_id):
        released = wait(lambda: [one for one in sends(message_id) if one["state"] == "released"],
                        "the send is not released")
        self.assertEqual(len(released), 1)
        prepared = [one for one in sends(message_id) if one["state"] in ("prepared", "held")]
        self.assertEqual(prepared, [])
        self.assert_has_bytes(released[0])

    def assert_has_bytes(self, send):
        said = subprocess.run(["curl", "-sS", "--unix-socket", self.places.api,
                               f"http://acuse/v1/sends/{send['id']}/message"],
                              capture_output=True, check=True).stdout
        self.assertEqual(len(said), send["size"])
        self.assertIn(send["message_id"].encode(), said)


def token_of(mail):
    """The return token of a mail that went out: from the citizen's copy."""
    path = wait(lambda: mails.received(Gateway.places, str(mail["Message-ID"])),
                "the citizen's server got nothing")[0]
    found = re.search(rf"acuse\+([a-z2-7]{{32}})@{re.escape(DOMAIN)}",
                      str(mails.parse(path)["Return-Path"]))
    if not found:
        raise Failure(f"no token in Return-Path: {mails.parse(path)['Return-Path']}")
    return found[1]


def mailbox(name):
    """Mails in a mailbox of ours."""
    found = []
    for part in ("new", "cur"):
        for path in glob.glob(Gateway.places.path("mail", name, "Maildir", part, "*")):
            found.append(mails.parse(path))
    return found


__all__ = [name for name in dir() if not name.startswith("_")]

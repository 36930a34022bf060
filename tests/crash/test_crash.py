"""provisiond killed at each durable write of a send's life: what it acknowledged is there, and nothing is there twice."""
import base64
import glob
import hashlib
import json
import os
import subprocess
import uuid

from harness import *
import faults

POINTS_MAX = 60


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


class Life:
    """One send as the milters drive it: message, intent, prepared, then Postfix's report of its delivery."""
    leaves = ("send.intent", "send.recipient", "send.prepared", "send.released", "event")
    mailbox = property(lambda self: f"{Gateway.person.uid}@{DOMAIN}")

    def __init__(self, together=False):
        self.together = together
        self.id = str(uuid.uuid4())
        self.queue_id = "C" + self.id.replace("-", "")[:16].upper()
        self.message_id = f"caida.{self.id}@{DOMAIN}"
        self.report = f"Report about {self.queue_id}\r\n".encode()
        self.message = f"Message-ID: <{self.message_id}>\r\nSubject: Consulta\r\n\r\nHola.\r\n".encode()
        self.acknowledged = []

    def begin(self):
        """What has to be so before its first step."""

    def steps(self):
        """(name, call) of each: what is not signed may be prepared with its intent."""
        send = [("intent", self.post_intent), ("prepared", self.post_prepared)]
        if self.together:
            send = [("prepared", lambda: self.post_intent(prepared=self.prepared()))]
        return [("blob", self.put_message), *send, ("report", self.put_report), ("event", self.post_event)]

    def intent(self):
        token = base64.b32encode(os.urandom(20)).decode().lower()
        return {"id": self.id, "token": token, "class": "external", "login": Gateway.person.uid,
                "mailbox": self.mailbox, "message_id": self.message_id, "date": None,
                "subject": "Consulta", "document_type": None, "expediente": None, "recipients": [CITIZEN],
                "queue_id": self.queue_id, "client_address": "127.0.0.1", "content_sha256": digest_of(b"Hola.\r\n"),
                "entity_sha256": None, "sign": False}

    def prepared(self):
        return {"message_sha256": digest_of(self.message), "size": len(self.message), "queue_id": self.queue_id,
                "certificate_sha256": None, "cms_sha256": None}

    def put_message(self):
        return call("PUT", "/v1/blobs/" + digest_of(self.message), self.message, UIDS["outgoing"])

    def post_intent(self, **more):
        if not hasattr(self, "asked"):
            self.asked = dict(self.intent(), **more)
        return call("POST", "/v1/sends", self.asked, UIDS["outgoing"])

    def post_prepared(self):
        return call("POST", f"/v1/sends/{self.id}/prepared", self.prepared(), UIDS["outgoing"])

    def put_report(self):
        return call("PUT", "/v1/blobs/" + digest_of(self.report), self.report, UIDS["evidence"])

    def post_event(self):
        event = {"kind": "dsn", "stream": "INTERNAL", "queue_id": "R" + self.queue_id, "envelope_sender": "",
                 "postfix_queue_id": self.queue_id, "original_message_id": self.message_id,
                 "original_sha256": digest_of(self.report),
                 "recipients": [{"final_recipient": CITIZEN, "action": "relayed", "status": "2.0.0"}]}
        return call("POST", "/v1/events", event, UIDS["evidence"])

    def drive(self, steps):
        """Goes on until something is not acknowledged; the steps that were not."""
        for index, (name, step) in enumerate(steps):
            status, answer = step()
            if status is None:
                return steps[index:]
            if status not in (200, 201):
                raise Failure(f"{name} was answered with {status}: {answer}")
            self.acknowledged.append(name)
        return []


class CarriedLife(Life):
    """The message stands behind the JSON of the call that records it, as small ones do."""

    def steps(self):
        return [step for step in super().steps() if step[0] != "blob"]

    def post_intent(self, **more):
        if not hasattr(self, "asked"):
            self.asked = dict(self.intent(), **more)
        carried = self.message if "prepared" in self.asked else b""
        return call("POST", "/v1/sends", self.asked, UIDS["outgoing"], carried)

    def post_prepared(self):
        return call("POST", f"/v1/sends/{self.id}/prepared", self.prepared(), UIDS["outgoing"], self.message)


class SignedLife(Life):
    """A notification: the office's token is bound to its mailbox, signs by a permit, and what was signed is prepared."""
    mailbox = OFFICE_ADDRESS
    permit = certificate = cms = None

    def begin(self):
        """The binding has run out, so that a signature shows that the new one arrived."""
        status, answer = self.bind(until="2026-01-01T00:00:00Z")
        if status != 200:
            raise Failure(f"the term of the token could not be set: {status} {answer}")
        wait(lambda: self.post_signature()[0] == 403, "the signer does not know that the binding has run out")

    def steps(self):
        return [("bindings", self.bind), ("intent", self.post_intent), ("signature", self.post_signature),
                ("blob", self.put_message), ("prepared", self.post_prepared), ("report", self.put_report),
                ("event", self.post_event)]

    def bind(self, until=None):
        term = {"from": None, "until": until, "document": self.id}
        return call("POST", f"/v1/tokens/{OFFICE_TOKEN}/extend", term, 0)

    @property
    def entity(self):
        return (f'Content-Type: text/plain; charset=utf-8; hp="clear"\r\nFrom: {OFFICE_ADDRESS}\r\n'
                f"To: {CITIZEN}\r\nSubject: Notificacion\r\n\r\nHola.\r\n").encode()

    def intent(self):
        return dict(super().intent(), **{"class": "notification", "sign": True, "expediente": EXPEDIENTE,
                                         "entity_sha256": digest_of(self.entity)})

    def post_intent(self, **more):
        status, answer = super().post_intent(**more)
        if status == 201:
            self.permit = json.loads(answer)["permit"]
        return status, answer

    def post_signature(self):
        """(201, ""), (403, word) when the token may not, and (None, "") when provisiond ended before it could say so."""
        permit = self.permit or permit_for(self.entity, OFFICE_ADDRESS)
        word, *rest = sign(permit, self.entity)
        if word == "no-binding":
            return (403, word) if faults.is_running() else (None, "")
        if word != "ok":
            return 500, word
        self.certificate, self.cms = rest[0], base64.b64decode(rest[1])
        self.message = self.signed_message()
        return 201, ""

    def signed_message(self):
        """RFC 8551, 3.5.3."""
        limit = "=_" + self.id
        head = (f"Message-ID: <{self.message_id}>\r\nFrom: {OFFICE_ADDRESS}\r\nTo: {CITIZEN}\r\nMIME-Version: 1.0\r\n"
                'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256;\r\n'
                f' boundary="{limit}"\r\n\r\n--{limit}\r\n')
        tail = (f"\r\n--{limit}\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
                "Content-Transfer-Encoding: base64\r\n\r\n")
        signature = base64.encodebytes(self.cms).replace(b"\n", b"\r\n")
        return head.encode() + self.entity + tail.encode() + signature + f"--{limit}--\r\n".encode()

    def prepared(self):
        return dict(super().prepared(), certificate_sha256=self.certificate, cms_sha256=digest_of(self.cms))


class FiledLife(Life):
    """Mail of a case: what came of it goes to the tramite's folder, whose files are durable writes too."""
    folder = property(lambda self: Gateway.places.path("work", "tramite"))

    def steps(self):
        return super().steps() + [("parcel", self.wait_for_parcel)]

    def intent(self):
        return dict(super().intent(), expediente=EXPEDIENTE)

    def parcels(self):
        """Complete ones: they have their name."""
        found = glob.glob(os.path.join(self.folder, "*", "*", self.id + "-*", "manifest.json"))
        return [os.path.dirname(one) for one in found]

    def wait_for_parcel(self):
        wait(lambda: self.parcels() or not faults.is_running(), "no parcel, and it runs")
        # Delivered, and its entry is still to be taken out of the outbox.
        wait(lambda: not faults.is_running() or "tramite.folder" not in call("GET", "/v1/outbox", b"", 0)[1],
             "it stays in the outbox")
        return (200, "") if faults.is_running() else (None, "")

    def assert_parcel(self):
        found = self.parcels()
        if len(found) != 1:
            raise Failure(f"{len(found)} parcels of one send: {found}")
        with open(os.path.join(found[0], "manifest.json"), encoding="utf-8") as file:
            files = json.load(file)["files"]
        for one in files:
            with open(os.path.join(found[0], one["name"]), "rb") as file:
                if digest_of(file.read()) != one["sha256"]:
                    raise Failure(f"{one['name']} is not whole")


class PurgedLife(Life):
    """Mail that left long ago and is purged by an order: message, report, names and salts go, the tree stays."""

    def begin(self):
        for name, step in super().steps():
            status, answer = step()
            if status not in (200, 201):
                raise Failure(f"{name} was answered with {status}: {answer}")

    def steps(self):
        return [("purge", lambda: call("POST", f"/v1/sends/{self.id}/purge", {"document": "Memo 40"}, 0))]


def call(method, path, body, uid, message=b""):
    """(status, answer); (None, "") when the daemon ended without one. message: what stands behind the JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode() + message
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    argv = processes.as_user(uid) if uid else []
    more = ["-H", f"Acuse-Message-Size: {len(message)}"] if message else []
    argv += ["curl", "-sS", *more, "--max-time", "30", "--unix-socket", Gateway.places.api, "-X", method,
             "-H", "Content-Type: " + kind, "--data-binary", "@-", "-w", "\n%{http_code}", "http://acuse" + path]
    done = subprocess.run(argv, input=data, capture_output=True, check=False)
    text, _, status = done.stdout.decode().rpartition("\n")
    return (None, "") if done.returncode != 0 or status == "000" else (int(status), text)


def leaves_of(send_id):
    """Types of the ledger's leaves about a send, from the ledger itself."""
    leaves = [json.loads(one["leaf"]) for one in entries_of_ledger()]
    return [leaf["type"] for leaf in leaves if leaf["id"] == send_id]


class Walk:
    """Kills at one durable write after the other, of a life that begins anew each time."""

    def walk(self, moment, make_life, least):
        """At one durable write after the other; there are `least` of them or more."""
        for point in range(1, POINTS_MAX):
            with self.subTest(point=point):
                if not self.kill_at(point, moment, make_life()):
                    break
        else:
            self.fail("the life of a send never ended")
        self.assertGreater(point, least, "there are more durable writes than that")
        faults.restart()
        self.verify_ledger()

    def kill_at(self, point, moment, life):
        """False when the life has no such point."""
        life.begin()
        faults.stop()
        faults.start(POINT=f"sync:{point}:{moment}")
        faults.switch(True)
        steps = life.drive(life.steps())
        if steps:
            # The connection ends before the process does.
            wait(lambda: not faults.is_running(), f"{steps[0][0]} is not acknowledged, and yet it runs", 10)
        killed = not faults.is_running()
        faults.switch(False)
        if not killed:
            return False
        faults.restart()
        self.look_for_what_was_acknowledged(life)
        # The one that got no answer asks the same again.
        self.assertEqual(life.drive(steps), [], "the retry")
        self.assert_whole_and_once(life)
        return True

    def look_for_what_was_acknowledged(self, life):
        leaves = leaves_of(life.id)
        for name in ("intent", "prepared"):
            if name in life.acknowledged:
                self.assertIn("send." + name, leaves, f"{name} was acknowledged and is lost")
        if "prepared" in life.acknowledged:
            self.assert_bytes(life)

    def assert_bytes(self, life):
        said = subprocess.run(["curl", "-sS", "--unix-socket", Gateway.places.api,
                               f"http://acuse/v1/sends/{life.id}/message"], capture_output=True, check=True).stdout
        self.assertEqual(said, life.message)

    def assert_gone_and_once(self, life):
        """Nothing of it is left, wherever the kill came, and the record says so once."""
        leaves = leaves_of(life.id)
        self.assertEqual((leaves.count("send.purged"), leaves.count("send.intent")), (1, 1), leaves)
        status, answer = call("GET", f"/v1/sends/{life.id}/message", b"", 0)
        self.assertEqual(status, 410, answer)
        self.assertNotIn(life.message_id, call("GET", f"/v1/sends/{life.id}", b"", 0)[1])
        opened = [one["index"] for one in entries_of_ledger() if one["opening"] is not None
                  and json.loads(one["leaf"])["id"] == life.id and json.loads(one["leaf"])["type"] != "send.purged"]
        self.assertEqual(opened, [], "values that were to go")

    def assert_whole_and_once(self, life):
        if isinstance(life, PurgedLife):
            self.assert_gone_and_once(life)
            return
        leaves = leaves_of(life.id)
        for name in life.leaves:
            self.assertEqual(leaves.count(name), 1, f"{name} in {leaves}")
        found = sends(life.message_id)
        self.assertEqual([one["id"] for one in found], [life.id])
        self.assertEqual(found[0]["state"], "released")
        events = [one["event"] for one in found[0]["timeline"]]
        self.assertEqual(events.count("relayed"), 1, events)
        self.assert_bytes(life)
        if isinstance(life, FiledLife):
            life.assert_parcel()
        if isinstance(life, SignedLife):
            self.assert_signed(life, found[0])

    def assert_signed(self, life, send):
        """As any recipient finds out, and as the record says."""
        self.assertEqual((send["certificate_sha256"], send["cms_sha256"]), (life.certificate, digest_of(life.cms)))
        path = self.places.write(life.message, "work", "signed.eml")
        content = self.places.path("work", "content.eml")
        mails.verify_signature(self.places, path, content, OFFICE_ADDRESS)
        with open(content, "rb") as file:
            self.assertEqual(file.read(), life.entity)

    def verify_ledger(self):
        demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)


class KilledAtEachDurableWrite(Walk, Case):
    """Before it is durable, and after it is durable but before the caller knows."""

    def test_before_it_is_durable(self):
        self.walk("kill-before", lambda: Life(together=True), 5)

    def test_after_it_is_durable(self):
        self.walk("kill-after", lambda: Life(together=True), 5)

    def test_prepared_after_the_intent(self):
        self.walk("kill-after", Life, 6)

    def test_carried_before_it_is_durable(self):
        self.walk("kill-before", lambda: CarriedLife(together=True), 4)

    def test_carried_after_it_is_durable(self):
        self.walk("kill-after", lambda: CarriedLife(together=True), 4)

    def test_carried_after_the_intent(self):
        self.walk("kill-before", CarriedLife, 5)


class KilledWhileSigned(Walk, Case):
    def test_before_it_is_durable(self):
        self.walk("kill-before", SignedLife, 8)

    def test_after_it_is_durable(self):
        self.walk("kill-after", SignedLife, 8)


class KilledWhilePurged(Walk, Case):
    def test_before_it_is_durable(self):
        self.walk("kill-before", lambda: PurgedLife(together=True), 1)

    def test_after_it_is_durable(self):
        self.walk("kill-after", lambda: PurgedLife(together=True), 1)


class KilledWhileFiled(Walk, Case):
    def test_before_it_is_durable(self):
        self.walk_filed("kill-before")

    def test_after_it_is_durable(self):
        self.walk_filed("kill-after")

    def walk_filed(self, moment):
        folder = self.places.folder("work", "tramite", uid=UIDS["provision"])
        with configured({"tramite": {"folder": folder}}, "provision"):
            self.walk(moment, lambda: FiledLife(together=True), 12)


class DiskTrouble(Case):
    """A mail that cannot be kept is not taken, and goes once when there is room again."""

    def state(self, name):
        return self.places.path("state", "provision", name) + "/"

    def assert_later_then_once(self, number, codes, large=False, **settings):
        before, mail = notification(number), notification(number + 1)
        if large:
            mail.add_attachment(os.urandom(64 * 1024), maintype="application", subtype="octet-stream",
                                filename="anexo.bin")
        self.assertEqual(reply_of(lambda: submit(before))[0], 250)
        with faults.under(**settings):
            faults.switch(True)
            code, text = reply_of(lambda: submit(mail))
            self.assertIn(code, codes, text)
            self.assertEqual(mails.received(self.places, str(mail["Message-ID"])), [])
        self.assertEqual(retry(mail)[0], 250)
        self.assert_sent_once(mail)
        self.assert_sent_once(before)
        demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)

    def test_message_store_full(self):
        self.assert_later_then_once(600, (452,), large=True, FULL_PREFIX=self.state("store"))

    def test_ledger_full(self):
        self.assert_later_then_once(610, (451, 452), FULL_PREFIX=self.state("ledger"))

    def test_little_room(self):
        self.assert_later_then_once(620, (452,), FREE_BYTES=1024 * 1024)

    def test_the_disk_fails(self):
        self.assert_later_then_once(630, (451, 452), SYNC_FAIL_AFTER=0)

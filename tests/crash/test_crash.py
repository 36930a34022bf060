"""provisiond killed at each durable write of a send's life: what it acknowledged is there, and nothing is there twice."""
import base64
import hashlib
import json
import os
import subprocess
import uuid

from harness import *
import faults

POINTS_MAX = 60


class Life:
    """One send as the milters drive it: message, intent, prepared, then Postfix's report of its delivery."""

    def __init__(self, together):
        self.together = together
        self.id = str(uuid.uuid4())
        self.queue_id = "C" + self.id.replace("-", "")[:16].upper()
        self.message_id = f"caida.{self.id}@{DOMAIN}"
        self.message = f"Message-ID: <{self.message_id}>\r\nSubject: Consulta\r\n\r\nHola.\r\n".encode()
        self.report = f"Report about {self.queue_id}\r\n".encode()
        self.acknowledged = []

    def steps(self):
        """What is not signed is prepared with its intent; what is signed, after it."""
        outgoing, evidence = UIDS["outgoing"], UIDS["evidence"]
        digest, report = (hashlib.sha256(one).hexdigest() for one in (self.message, self.report))
        prepared = {"message_sha256": digest, "size": len(self.message), "queue_id": self.queue_id,
                    "certificate_sha256": None, "cms_sha256": None}
        send = [("intent", "POST", "/v1/sends", self.intent(digest), outgoing),
                ("prepared", "POST", f"/v1/sends/{self.id}/prepared", prepared, outgoing)]
        if self.together:
            send = [("prepared", "POST", "/v1/sends", dict(self.intent(digest), prepared=prepared), outgoing)]
        return [("blob", "PUT", "/v1/blobs/" + digest, self.message, outgoing),
                *send,
                ("report", "PUT", "/v1/blobs/" + report, self.report, evidence),
                ("event", "POST", "/v1/events", self.event(report), evidence)]

    def intent(self, digest):
        token = base64.b32encode(os.urandom(20)).decode().lower()
        return {"id": self.id, "token": token, "class": "external", "login": Gateway.person.uid,
                "mailbox": f"{Gateway.person.uid}@{DOMAIN}", "message_id": self.message_id, "date": None,
                "subject": "Consulta", "document_type": None, "expediente": None, "recipients": [CITIZEN],
                "queue_id": self.queue_id, "client_address": "127.0.0.1", "content_sha256": digest,
                "entity_sha256": None, "sign": False}

    def event(self, digest):
        return {"kind": "dsn", "stream": "INTERNAL", "queue_id": "R" + self.queue_id, "envelope_sender": "",
                "postfix_queue_id": self.queue_id, "original_message_id": self.message_id, "original_sha256": digest,
                "recipients": [{"final_recipient": CITIZEN, "action": "relayed", "status": "2.0.0"}]}

    def drive(self, steps):
        """Goes on until something is not acknowledged; the steps that were not."""
        for index, (name, method, path, body, uid) in enumerate(steps):
            status, answer = call(method, path, body, uid)
            if status is None:
                return steps[index:]
            if status not in (200, 201):
                raise Failure(f"{name} was answered with {status}: {answer}")
            self.acknowledged.append(name)
        return []


def call(method, path, body, uid):
    """(status, answer); (None, "") when the daemon ended without one."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    argv = processes.as_user(uid) + ["curl", "-sS", "--max-time", "30", "--unix-socket", Gateway.places.api, "-X", method,
                                     "-H", "Content-Type: " + kind, "--data-binary", "@-", "-w", "\n%{http_code}",
                                     "http://acuse" + path]
    done = subprocess.run(argv, input=data, capture_output=True, check=False)
    text, _, status = done.stdout.decode().rpartition("\n")
    return (None, "") if done.returncode != 0 or status == "000" else (int(status), text)


def leaves_of(send_id):
    """Types of the ledger's leaves about a send, from the ledger itself."""
    found, after = [], None
    while True:
        status, page = api("GET", "/v1/ledger/entries?limit=1000" + (f"&after={after}" if after else ""))
        if status != 200:
            raise Failure(f"GET /v1/ledger/entries: {status} {page}")
        leaves = [json.loads(one["leaf"]) for one in page["items"]]
        found += [leaf["type"] for leaf in leaves if leaf["id"] == send_id]
        after = page["next"]
        if after is None:
            return found


class KilledAtEachDurableWrite(Case):
    """Before it is durable, and after it is durable but before the caller knows."""

    def test_before_it_is_durable(self):
        self.walk("kill-before", True)

    def test_after_it_is_durable(self):
        self.walk("kill-after", True)

    def test_prepared_after_the_intent(self):
        self.walk("kill-after", False)

    def walk(self, moment, together):
        for point in range(1, POINTS_MAX):
            with self.subTest(point=point):
                if not self.kill_at(point, moment, together):
                    break
        else:
            self.fail("the life of a send never ended")
        self.assertGreater(point, 4, "there are more durable writes than that")
        faults.restart()
        self.verify_ledger()

    def kill_at(self, point, moment, together):
        """False when the life has no such point."""
        life = Life(together)
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

    def assert_whole_and_once(self, life):
        leaves = leaves_of(life.id)
        for name in ("send.intent", "send.recipient", "send.prepared", "send.released", "event"):
            self.assertEqual(leaves.count(name), 1, f"{name} in {leaves}")
        found = sends(life.message_id)
        self.assertEqual([one["id"] for one in found], [life.id])
        self.assertEqual(found[0]["state"], "released")
        events = [one["event"] for one in found[0]["timeline"]]
        self.assertEqual(events.count("relayed"), 1, events)
        self.assert_bytes(life)

    def verify_ledger(self):
        demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)


class DiskTrouble(Case):
    """A mail that cannot be kept is not taken, and goes once when there is room again."""

    def state(self, name):
        return self.places.path("state", "provision", name) + "/"

    def assert_later_then_once(self, number, codes, **settings):
        before, mail = notification(number), notification(number + 1)
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
        self.assert_later_then_once(600, (452,), FULL_PREFIX=self.state("store"))

    def test_ledger_full(self):
        self.assert_later_then_once(610, (451, 452), FULL_PREFIX=self.state("ledger"))

    def test_little_room(self):
        self.assert_later_then_once(620, (452,), FREE_BYTES=1024 * 1024)

    def test_the_disk_fails(self):
        self.assert_later_then_once(630, (451, 452), SYNC_FAIL_AFTER=0)

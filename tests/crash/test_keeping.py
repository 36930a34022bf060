"""provisiond killed while it collects what nothing names any more, and while it confirms mail from outside."""
import glob
import hashlib

from harness import *
import faults
from test_crash import POINTS_MAX, PurgedLife, call, leaves_of

DAYS_LATER_S = 200000


class KilledWhileCollected(Case):
    """Around the removal of bytes: an upload that nothing came of, and what a purge gave up. What a record names stays."""

    def file_of(self, data):
        digest = hashlib.sha256(data).hexdigest()
        return self.places.path("state", "provision", "store", digest[:2], digest + ".zst")

    def upload(self):
        data = os.urandom(300)
        self.assertEqual(call("PUT", "/v1/blobs/" + hashlib.sha256(data).hexdigest(), data, UIDS["evidence"])[0], 201)
        return data

    def purged(self):
        """Its bytes wait for their removal: they are too young."""
        life = PurgedLife(together=True)
        life.begin()
        self.assertEqual(life.drive(life.steps()), [])
        return life

    def sent(self, message=None):
        life = PurgedLife(together=True)
        life.message = message or life.message
        life.begin()
        return life

    def collect(self, **settings):
        """provisiond some days later, which collects at its start."""
        faults.stop()
        self.places.write(str(DAYS_LATER_S).encode(), "work", "clock")
        faults.start(at_once=True, CLOCK_FILE=self.places.path("work", "clock"),
                     UNLINK_PREFIX=self.places.path("state", "provision", "store"), **settings)

    def test_around_each_removal(self):
        gone, kept = [], [self.sent()]
        for point, moment in ((1, "before"), (1, "after"), (2, "before"), (2, "after")):
            with self.subTest(point=point, moment=moment):
                purged = self.purged()
                gone += [self.upload(), purged.message]
                self.collect(POINT=f"unlink:{point}:kill-{moment}")
                wait(lambda: not faults.is_running(), "it removes nothing")
                faults.restart()
                # The same bytes are a record's again, before and after they went.
                if moment == "after":
                    gone.remove(purged.message)
                    kept.append(self.sent(purged.message))
                for life in kept:
                    self.assert_there(life)
        self.collect()
        wait(lambda: not [one for one in gone if os.path.exists(self.file_of(one))], "not all of it goes")
        wait(faults.is_ready, "provisiond does not read the directory")
        faults.restart()
        for life in kept:
            self.assert_there(life)
        demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)

    def assert_there(self, life):
        self.assertTrue(os.path.exists(self.file_of(life.message)))
        said = subprocess.run(["curl", "-sS", "--unix-socket", self.places.api, f"http://acuse/v1/sends/{life.id}/message"],
                              capture_output=True, check=True).stdout
        self.assertEqual(said, life.message)


class KilledWhileConfirmed(Case):
    """From the mail's record to the confirmation's: told, on record once; who gets it twice gets the same mail."""
    number = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.etc = Gateway.places.path("citizen", "etc")
        cls.before = processes.run(["postconf", "-c", cls.etc, "-h", "virtual_mailbox_maps"], "postconf").strip()
        cls.put("static:ciudadano/")

    @classmethod
    def tearDownClass(cls):
        cls.put(cls.before)
        super().tearDownClass()

    @classmethod
    def put(cls, maps):
        """Whom the citizen's server knows: each mail has a writer of its own, for nobody is told twice a day."""
        processes.run(["postconf", "-c", cls.etc, "-e", "virtual_mailbox_maps=" + maps], "postconf")
        processes.run(["postfix", "-c", cls.etc, "reload"], "Postfix does not reload")

    def mail(self):
        KilledWhileConfirmed.number += 1
        writer = f"caida{self.number}@ciudadano.test"
        return {"message_id": f"caida-{self.number}@ciudadano.test", "from": writer, "envelope_sender": writer,
                "message_sha256": hashlib.sha256(writer.encode()).hexdigest(), "mailboxes": [OFFICE_ADDRESS],
                "subject": "Consulta", "date": None, "queue_id": f"I{self.number}", "client_address": None, "automatic": False,
                "suppressed": False, "spam": False, "addressed": True, "send": None,
                "authentication_results": f"{servers.HOST}; dmarc=pass header.from=ciudadano.test"}

    def post(self, mail):
        status, text = call("POST", "/v1/incoming", mail, UIDS["evidence"])
        return json.loads(text)["id"] if status == 200 else None

    def received(self, mail):
        found = [mails.parse(one) for one in glob.glob(os.path.join(self.places.citizen_mail, "new", "*"))]
        return [str(one["Message-ID"]) for one in found if one["In-Reply-To"] == f"<{mail['message_id']}>"]

    def state(self, number):
        return api("GET", "/v1/incoming/" + number)[1]["confirmation"]["state"]

    def kill_at(self, point, moment):
        """False when there is no such point."""
        mail = self.mail()
        faults.stop()
        faults.start(POINT=f"sync:{point}:{moment}")
        faults.switch(True)
        number = self.post(mail)
        wait(lambda: not faults.is_running() or (number and self.is_settled(number)), "neither killed nor confirmed")
        killed = not faults.is_running()
        faults.switch(False)
        if killed:
            faults.restart()
        # The milter that got no answer asks again.
        again = self.post(mail)
        self.assertIn(number, (None, again), "it was acknowledged under another number")
        wait(lambda: self.is_settled(again), "not confirmed")
        got = wait(lambda: self.received(mail), "nothing came")
        self.assertEqual(len(set(got)), 1, got)
        self.assertLessEqual(len(got), 2)
        leaves = leaves_of(again)
        self.assertEqual((leaves.count("incoming.received"), leaves.count("incoming.confirmed")), (1, 1), leaves)
        return killed

    def is_settled(self, number):
        """On record, and its order is out of the outbox."""
        with contextlib.suppress(subprocess.CalledProcessError, ValueError):
            return self.state(number) == "sent" and "incoming.confirm" not in call("GET", "/v1/outbox", b"", 0)[1]
        return False

    def walk(self, moment):
        for point in range(1, POINTS_MAX):
            with self.subTest(point=point):
                if not self.kill_at(point, moment):
                    break
        self.assertGreater(point, 3, "there are more durable writes than that")
        faults.restart()
        demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)

    def test_before_it_is_durable(self):
        self.walk("kill-before")

    def test_after_it_is_durable(self):
        self.walk("kill-after")

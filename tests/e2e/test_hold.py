"""A mail that cannot be signed now (S6): refused, held and signed later by the second stage, or sent without signature; on record."""
import concurrent.futures

from harness import *

HOLD = {"signing": {"on_failure": "hold"}}


def lock():
    status, answer = api("POST", f"/v1/tokens/{OFFICE_TOKEN}/lock", {"document": "Prueba"})
    assert status == 200, answer


def unlock():
    demo.unlock_token(Gateway.places)


def is_signed(path):
    with open(path, "rb") as file:
        return b"multipart/signed" in file.read()


def state_of(message_id):
    return [one["state"] for one in sends(message_id)]


def await_state(message_id, *states):
    return wait(lambda: [one for one in sends(message_id) if one["state"] in states], f"{message_id} is not {states}")[0]


def queue():
    text = subprocess.run(["postqueue", "-c", Gateway.places.path("postfix", "etc"), "-j"], capture_output=True, text=True,
                          check=True).stdout
    return [json.loads(line)["queue_id"] for line in text.splitlines()]


def notices_of(subject):
    folder = os.path.join(Gateway.places.root, "mail")
    found = []
    for path in glob.glob(os.path.join(folder, "**", "new", "*"), recursive=True):
        with open(path, "rb") as file:
            mail = mails.parse(path)
        if subject in str(mail["Subject"]):
            found.append(mail)
    return found


class Held(Case):
    @classmethod
    def setUpClass(cls):
        cls.settings = configured(HOLD, "provision", "outgoing")
        cls.settings.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.settings.__exit__(None, None, None)

    def tearDown(self):
        if not any(one["unlocked"] for one in api("GET", "/v1/tokens")[1]["items"] if one["label"] == OFFICE_TOKEN):
            unlock()
        super().tearDown()

    def test_is_signed_when_the_token_is_back(self):
        lock()
        mail = notification("701")
        message_id = str(mail["Message-ID"])
        self.assertEqual(reply_of(lambda: submit(mail))[0], 250)
        held = sends(message_id)[0]
        self.assertEqual((held["state"], held["held"]["reason"], held["attempts"]), ("held", "token-locked", []))
        self.assertEqual(mails.received(self.places, message_id), [])
        unlock()
        path = wait(lambda: mails.received(self.places, message_id), "what was held never came", 60)[0]
        self.assertTrue(is_signed(path))
        with open(path, "rb") as file:
            self.assertNotIn(b"Acuse-Held", file.read())
        sent = await_state(message_id, "released")
        self.assertEqual([one["event"] for one in sent["timeline"] if one["event"] in ("intent", "held", "prepared", "released")],
                         ["intent", "held", "prepared", "released"])
        self.assertEqual(sent["id"], held["id"])
        self.assertGreaterEqual(sent["departed"], sent["held"]["time"])
        time.sleep(1)
        self.assertEqual(len(mails.received(self.places, message_id)), 1)
        report = wait(lambda: [one for one in sends(message_id)[0]["deliveries"] if one["state"] != "pending"],
                      "no report of the second stage's mail")
        self.assertIn(report[0]["state"], ("relayed", "delivered", "acknowledged"))

    def test_the_client_repeats_it(self):
        """It is held once, and a client that missed its 250 gets one when Postfix has the mail."""
        lock()
        mail = notification("702")
        message_id = str(mail["Message-ID"])
        self.assertEqual(reply_of(lambda: submit(mail))[0], 250)
        self.assertEqual(retry(mail)[0], 250)
        self.assertEqual(state_of(message_id), ["held"])
        unlock()
        wait(lambda: mails.received(self.places, message_id), "what was held never came", 60)
        await_state(message_id, "released")
        time.sleep(2)
        self.assertEqual(len(mails.received(self.places, message_id)), 1)

    def test_nothing_is_lost_or_doubled_by_kill(self):
        """The milter, provisiond and the signer each die while mail is held, and once more while it is signed."""
        lock()
        posts = [notification(f"71{number}") for number in range(4)]
        for mail in posts:
            self.assertEqual(retry(mail)[0], 250)
        for name in ("outgoing", "provision", "signer"):
            daemons.kill(self.places, name)
            restart(name)
            if name != "signer":
                unlock() if name == "provision" else None
            daemons.kill(self.places, "outgoing")
            restart("outgoing")
        for mail in posts:
            wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "lost", 90)
        for mail in posts:
            await_state(str(mail["Message-ID"]), "released")
        time.sleep(3)
        for mail in posts:
            self.assertEqual(len(mails.received(self.places, str(mail["Message-ID"]))), 1)

    def test_taken_out_of_the_queue(self):
        """Whoever deletes it from Postfix's queue: it is never shown as sent."""
        lock()
        mail = notification("703")
        message_id = str(mail["Message-ID"])
        self.assertEqual(retry(mail)[0], 250)
        wait(lambda: sends(message_id)[0]["held"]["queued"], "not seen in the queue")
        queue_id = sends(message_id)[0]["held"]["queue_id"]
        subprocess.run(["postsuper", "-c", self.places.path("postfix", "etc"), "-d", queue_id], check=True, capture_output=True)
        ended = wait(lambda: [one for one in sends(message_id) if one["state"] == "not_released"], "still held", 60)[0]
        self.assertEqual(ended["deliveries"][0]["state"], "pending")


class HeldTooLong(Case):
    def test_fails_and_its_sender_is_told(self):
        changes = {"signing": {"on_failure": "hold", "hold_max_s": "60"}}
        with configured(changes, "provision", "outgoing"):
            lock()
            mail = notification("704")
            message_id = str(mail["Message-ID"])
            try:
                self.assertEqual(retry(mail)[0], 250)
                ended = wait(lambda: [one for one in sends(message_id) if one["state"] == "not_released"], "still held", 100)[0]
                self.assertEqual(mails.received(self.places, message_id), [])
                # Behind it the failure report of our own Postfix may stand by now.
                self.assertIn("not_released", [one["event"] for one in ended["timeline"]])
            finally:
                unlock()


class Unsigned(Case):
    def test_goes_without_signature_and_says_why(self):
        with configured({"signing": {"on_failure": "unsigned"}}, "provision", "outgoing"):
            lock()
            try:
                mail = notification("705")
                message_id = str(mail["Message-ID"])
                self.assertEqual(retry(mail)[0], 250)
                path = wait(lambda: mails.received(self.places, message_id), "it never came")[0]
                self.assertFalse(is_signed(path))
                sent = await_state(message_id, "released")
                self.assertEqual((sent["unsigned"], sent["certificate_sha256"]), ("token-locked", None))
            finally:
                unlock()


class Refused(Case):
    def test_is_the_default(self):
        lock()
        try:
            self.assert_refused(lambda: submit(notification("706")), 451, "4.7.5")
        finally:
            unlock()


MESA = f"recepcion@{DOMAIN}"
MAILS = 20
SIGN_MS = 200


class SlowToken(Case):
    """Two offices, whose mails come all at once, on one token that takes its time."""

    def enrol(self, *mailboxes):
        act = ("--document", "Memo 9")
        demo.acusectl(self.places, "token", "return", OFFICE_TOKEN, *act)
        wanted = [word for one in mailboxes for word in ("--mailbox", one)]
        demo.acusectl(self.places, "token", "request", OFFICE_TOKEN, *wanted, "--unit", "Secretaria", "--reasons", "Notificar", *act)
        for verb in ("evaluate", "authorise", "enrol"):
            demo.acusectl(self.places, "token", verb, OFFICE_TOKEN, *act)
        unlock()
        demo.acusectl(self.places, "token", "activate", OFFICE_TOKEN, *act)

    def slow_signer(self):
        folder = self.places.folder("work", "slow", uid=UIDS["signer"], gid=UIDS["signer"], mode=0o700)
        self.places.write(f"delay C_Sign {SIGN_MS}\n", "work", "slow", "control", mode=0o644)
        os.environ["PKCS11_SHIM_CONTROL"] = os.path.join(folder, "control")
        self.addCleanup(os.environ.pop, "PKCS11_SHIM_CONTROL")
        build = os.path.abspath(os.environ.get("ACUSE_BUILD") or self.places.path("build"))
        shim = os.path.join("tests", "fault", "pkcs11-shim.so")
        subprocess.run(["make", "-s", "-C", build, shim], check=True, capture_output=True)
        module = os.path.join(build, shim)
        return configured({"signing": {"on_failure": "hold", "module": module, "seccomp": "minimal", "certificate_address": "warn"}},
                          "signer", "provision", "outgoing", settled=False)

    def send(self, mail, sender):
        begun = time.monotonic()
        answer = reply_of(lambda: submit(mail, sender=sender))
        return answer, time.monotonic() - begun

    def test_nothing_is_lost_and_both_have_their_turn(self):
        person, act = Gateway.person.uid, ("--document", "Memo 8")
        demo.acusectl(self.places, "office", "create", "recepcion", "--name", "Recepcion", "--responsible", person, *act)
        demo.acusectl(self.places, "notifier", "authorise", MESA, "--area", "Recepcion", "--level", "Jefe", *act)
        with self.slow_signer():
            self.enrol(OFFICE_ADDRESS, MESA)
            self.addCleanup(self.enrol, OFFICE_ADDRESS)
            for number, sender in enumerate((OFFICE_ADDRESS, MESA)):
                ready = notification(880 + number, sender=sender)
                wait(lambda: reply_of(lambda: submit(ready, sender=sender))[0] == 250, "no mail is taken")
                await_state(str(ready["Message-ID"]), "released")
            posts = [(notification(800 + number + (100 if sender == MESA else 0), sender=sender), sender)
                     for number in range(MAILS) for sender in (OFFICE_ADDRESS, MESA)]
            with open(self.places.log("signer"), encoding="utf-8") as log:
                log.seek(0, os.SEEK_END)
                with concurrent.futures.ThreadPoolExecutor(len(posts)) as pool:
                    answers = list(pool.map(lambda one: self.send(*one), posts))
                self.assertEqual({answer[0] for answer, _ in answers}, {250}, answers)
                self.assertLess(max(seconds for _, seconds in answers), 20)
                for mail, _ in posts:
                    message_id = str(mail["Message-ID"])
                    path = wait(lambda: mails.received(self.places, message_id), "lost", 60)
                    self.assertEqual([is_signed(one) for one in path], [True])
                    await_state(message_id, "released")
                turns = re.findall(r"what=signed .*mailbox=(\S+)", log.read())
            self.assertEqual(len(turns), len(posts))
            first = turns[:MAILS]
            self.assertGreater(min(first.count(OFFICE_ADDRESS), first.count(MESA)), MAILS // 4, turns)

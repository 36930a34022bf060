"""Reports that a real Postfix makes of our sends, in each of its forms: what is read out of them, and what counts."""
import smtplib
import ssl

from harness import *

SLOW, LIST, NOBODY, HERE = "vecina@lento.test", "lista@ciudadano.test", "nadie@ciudadano.test", "vecino@aqui.test"
LETTERS = "ñandú@ciudadano.test"


def postconf(*words):
    return processes.run(["postconf", "-c", Gateway.places.path("postfix", "etc"), *words], "postconf").strip()


def submit_raw(mail, to, options):
    """Several recipients, and options of the client's own."""
    places = Gateway.places
    with smtplib.SMTP("127.0.0.1", places.port("submission"), timeout=60) as client:
        client.starttls(context=ssl.create_default_context(cafile=places.ca))
        client.login(Gateway.person.uid, Gateway.person.password)
        client.command_encoding = "utf-8"
        return mails.hand_over(client, mail, OFFICE_ADDRESS, to, options)


class Reports(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.before = {name: postconf("-h", name) for name in ("transport_maps", "virtual_alias_maps", "delay_warning_time")}
        changed = {"transport_maps": "inline:{ { lento.test = smtp:[127.0.0.1]:1 }, { aqui.test = discard: } }, " + cls.before["transport_maps"],
                   "virtual_alias_maps": f"inline:{{ {{ {LIST} = {CITIZEN} }} }}, " + cls.before["virtual_alias_maps"],
                   "delay_warning_time": "1s"}
        cls.put(changed)

    @classmethod
    def tearDownClass(cls):
        cls.put(cls.before)
        processes.run(["postsuper", "-c", Gateway.places.path("postfix", "etc"), "-d", "ALL", "deferred"], "postsuper")
        super().tearDownClass()

    @classmethod
    def put(cls, values):
        etc = Gateway.places.path("postfix", "etc")
        if values:
            postconf("-e", *[f"{name}={value}" for name, value in values.items()])
        processes.run(["postfix", "-c", etc, "reload"], "Postfix does not reload")

    def send(self, *to, options=()):
        mail = mails.make_plain("Consulta", OFFICE_ADDRESS, ", ".join(one for one in to if one.isascii()) or CITIZEN)
        code, text = reply_of(lambda: submit_raw(mail, list(to), options))
        self.assertEqual(code, 250, text)
        return str(mail["Message-ID"])

    def send_letters(self):
        """None while the service before the reload still answers."""
        with contextlib.suppress(smtplib.SMTPNotSupportedError):
            return self.send(LETTERS, options=["SMTPUTF8"])

    def told(self, message_id, wanted, flush=False):
        """Once these {recipient: action} were told: {recipient: line of the report}, and the timeline's entries."""
        def check():
            if flush:
                processes.run(["postqueue", "-c", self.places.path("postfix", "etc"), "-f"], "postqueue")
            found = sends(message_id)
            rows = [one for one in api("GET", "/v1/events?limit=200")[1]["items"] if found and one["matched"] == found[0]["id"]]
            lines = {(line["final_recipient"], line["action"]): (line, one["report"]) for one in rows
                     for line in one["report"]["recipients"]}
            seen.clear()
            seen.update(lines)
            return lines if all(one in lines for one in wanted.items()) else None
        seen = {}
        try:
            lines = wait(check, "not reported")
        except Failure as failure:
            raise Failure(f"{failure}: {wanted}, but {list(seen)}") from failure
        entries = [one for one in events_of(message_id) if one["event"] not in ("intent", "prepared", "released")]
        result = {}
        for recipient, action in wanted.items():
            line, report = lines[(recipient, action)]
            self.assertEqual((report["kind"], report["stream"], report["envelope_sender"]), ("dsn", "INTERNAL", ""), report)
            self.assertIn(report["postfix_queue_id"], sends(message_id)[0]["attempts"])
            self.assertEqual(report["original_message_id"], message_id.strip("<>"))
            self.assertEqual(report["reporting_mta"], servers.HOST)
            result[recipient] = line
        return result, entries

    def assert_counts(self, entries, recipient, event):
        found = [one for one in entries if one["recipient"] == recipient and one["event"] == event]
        self.assertEqual([(one["counts"], one["trust"], one["matched_by"]) for one in found],
                         [(True, "own-postfix", "queue-id")], entries)

    def test_relayed_and_delivered_of_one_mail(self):
        """To another server, to a mailbox of ours by LMTP, and what Postfix itself delivers last."""
        person = f"{Gateway.person.uid}@{DOMAIN}"
        message_id = self.send(CITIZEN, person, HERE)
        wanted = {CITIZEN: "relayed", person: "relayed", HERE: "delivered"}
        lines, entries = self.told(message_id, wanted)
        for recipient, event in wanted.items():
            self.assertEqual(lines[recipient]["status"][0], "2")
            self.assert_counts(entries, recipient, event)
        self.assertIn("250 2.0.0", lines[CITIZEN]["diagnostic"])
        self.assertEqual({one["address"]: one["state"] for one in sends(message_id)[0]["deliveries"]},
                         wanted)

    def test_failed_with_the_whole_mail_returned(self):
        message_id = self.send(NOBODY, options=["RET=FULL"])
        lines, entries = self.told(message_id, {NOBODY: "failed"})
        self.assertEqual(lines[NOBODY]["status"][0], "5")
        self.assertTrue(lines[NOBODY]["remote_mta"], lines)
        self.assert_counts(entries, NOBODY, "failed")

    def test_one_fails_and_the_other_does_not(self):
        message_id = self.send(CITIZEN, NOBODY)
        _, entries = self.told(message_id, {CITIZEN: "relayed", NOBODY: "failed"})
        self.assert_counts(entries, CITIZEN, "relayed")
        self.assert_counts(entries, NOBODY, "failed")

    def test_delayed(self):
        message_id = self.send(SLOW)
        lines, entries = self.told(message_id, {SLOW: "delayed"}, flush=True)
        self.assertEqual(lines[SLOW]["status"][0], "4")
        self.assert_counts(entries, SLOW, "delayed")
        self.assertEqual(sends(message_id)[0]["deliveries"][0]["state"], "delayed")

    def test_expanded_says_nothing_of_delivery(self):
        message_id = self.send(LIST)
        _, entries = self.told(message_id, {LIST: "expanded"})
        self.assertEqual([one for one in entries if one["counts"]], [])
        wait(lambda: mails.received(self.places, message_id), "not received")
        self.assertNotIn(sends(message_id)[0]["deliveries"][0]["state"], ("relayed", "delivered"))

    def offer_letters(self):
        """The services of contrib/postfix do not offer SMTPUTF8; an institution may, and then gets such reports."""
        lines = [line.split(" = ") for line in postconf("-P").splitlines() if "/smtpd_discard_ehlo_keywords = " in line]
        for name, value in lines:
            self.addCleanup(postconf, "-P", f"{name}={value}")
            postconf("-P", f"{name}=silent-discard")
        self.put({})

    def test_letters_beyond_ascii(self):
        self.offer_letters()
        message_id = wait(self.send_letters, "SMTPUTF8 is not offered")
        lines, entries = self.told(message_id, {LETTERS: "failed"})
        self.assertEqual(lines[LETTERS]["status"][0], "5")
        self.assert_counts(entries, LETTERS, "failed")

"""Reports that a real Postfix makes of our sends, in each of its forms: what is read out of them, and what counts."""
import smtplib
import ssl
import zipfile

from harness import *

BOUNCES = "rebota@ciudadano.test"
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
    number = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.before = {name: postconf("-h", name) for name in ("transport_maps", "virtual_alias_maps", "delay_warning_time")}
        cls.changed = {"transport_maps": "inline:{ { lento.test = smtp:[127.0.0.1]:1 }, { aqui.test = discard: } }, " + cls.before["transport_maps"],
                   "virtual_alias_maps": f"inline:{{ {{ {LIST} = {CITIZEN} }} }}, " + cls.before["virtual_alias_maps"],
                   "delay_warning_time": "1s"}
        cls.put(cls.changed)

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
        Reports.number += 1
        mail = mails.make_plain(f"Consulta {Reports.number}.", OFFICE_ADDRESS, ", ".join(one for one in to if one.isascii()) or CITIZEN)
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

    def reports_in_proof(self, send, recipient):
        """The original reports that the bundle has: names and parsed mails."""
        path = self.places.path("work", "reports.asice")
        demo.acusectl(self.places, "proof", "export", send["id"], "--recipient", recipient, "--output", path, parse=False)
        with zipfile.ZipFile(path) as bundle:
            return {name: (raw, mails.email.message_from_bytes(raw, policy=mails.email.policy.default))
                    for name in bundle.namelist() if name.startswith("reports/") for raw in [bundle.read(name)]}

    def test_failed_with_the_whole_mail_returned(self):
        message_id = self.send(NOBODY, options=["RET=FULL"])
        lines, entries = self.told(message_id, {NOBODY: "failed"})
        self.assertEqual(lines[NOBODY]["status"][0], "5")
        self.assertTrue(lines[NOBODY]["remote_mta"], lines)
        self.assert_counts(entries, NOBODY, "failed")
        # All of the mail came back, is evidence by its digest, and is in the proof.
        send = sends(message_id)[0]
        (name, (raw, report)), = self.reports_in_proof(send, NOBODY).items()
        digest = hashlib.sha256(raw).hexdigest()
        self.assertEqual(name, f"reports/{digest}.eml")
        self.assertEqual([one["original_sha256"] for one in entries if one["event"] == "failed"], [digest])
        returned, = [part for part in report.walk() if part.get_content_type() == "message/rfc822"]
        self.assertEqual(str(returned.get_payload(0)["Message-ID"]), message_id)
        raw = subprocess.run(["curl", "-sS", "--unix-socket", self.places.api, f"http://acuse/v1/sends/{send['id']}/message"],
                             capture_output=True, check=True).stdout
        sent = mails.email.message_from_bytes(raw, policy=mails.email.policy.default)
        self.assertEqual(returned.get_payload(0).get_content().split(), sent.get_content().split())
        self.assertGreater(len(sent.get_content().split()), 1)
        # Who sent it is told once, by us; Postfix's own report does not come too.
        wait(lambda: self.notices(message_id), "the sender is not told")
        self.assertEqual([NOBODY in one for one in self.notices(message_id)], [True])
        self.assertEqual([one for one in mailbox(OFFICE) + mailbox(Gateway.person.uid)
                          if one.get_content_type() == "multipart/report" and message_id.strip("<>") in one.as_string()], [])

    def notices(self, message_id):
        """Texts of what the sender was told about the mail, which has a subject of its own."""
        subject = sends(message_id)[0]["subject"]
        texts = [part.get_content() for one in mailbox(Gateway.person.uid) if one["Auto-Submitted"] for part in one.walk()
                 if part.get_content_type() == "text/plain"]
        return [one for one in texts if f"Asunto: {subject}" in one]

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

    def queue(self, message_id, recipient=""):
        """{queue id: queue} of what Postfix has of a notification, by its return token; of another mail by its one recipient."""
        mark = recipient or sends(message_id)[0]["token"]
        said = processes.run(["postqueue", "-c", self.places.path("postfix", "etc"), "-j"], "postqueue")
        return {one["queue_id"]: one["queue_name"] for one in map(json.loads, said.splitlines())
                if mark in [one["sender"][6:38]] + [who["address"] for who in one["recipients"]]}

    def postsuper(self, option, queue_id):
        processes.run(["postsuper", "-c", self.places.path("postfix", "etc"), option, queue_id], "postsuper")

    def requeue(self, message_id, recipient=""):
        """Under a new queue id, which only Postfix knows."""
        old, = self.queue(message_id, recipient)
        self.postsuper("-r", old)
        # pickup looks at once when somebody drops a mail.
        subprocess.run(["sendmail", "-C", self.places.path("postfix", "etc"), "-f", f"root@{DOMAIN}", f"{Gateway.person.uid}@{DOMAIN}"],
                       input=b"Subject: cron\n\n", check=True)
        return wait(lambda: set(self.queue(message_id, recipient)) - {old}, "it is not requeued").pop()

    def notify(self, number):
        mail = notification(9600 + number)
        code, text = retry(mail)
        self.assertEqual(code, 250, text)
        return mail, str(mail["Message-ID"])

    def assert_repeat_is_noted(self, mail, message_id):
        """The client sends it once more."""
        self.assertEqual(retry(mail)[0], 250)
        leaves = [json.loads(one["leaf"]) for one in entries_of_ledger()]
        self.assertIn("send.repeated", [one["type"] for one in leaves if one["id"] == sends(message_id)[0]["id"]])

    def said(self, message_id, event, recipient=CITIZEN):
        """What is on record of it, once there is something."""
        found = wait(lambda: [one for one in events_of(message_id) if (one["event"], one["recipient"]) == (event, recipient)],
                     f"{event} is not on record")
        return [(one["counts"], one["trust"], one["reason"]) for one in found]

    def test_requeued_and_held(self):
        """postsuper -r gives a queue id that is on no record: what is said under it is kept and not believed. -h and -H do not."""
        other = "vecino@lento.test"
        unknown = [(False, "unproved", "queue id is not on record")]
        both = self.send(CITIZEN, other)
        self.told(both, {CITIZEN: "relayed"})
        self.put({"defer_transports": "smtp"})
        self.addCleanup(self.put, {"defer_transports": "", "transport_maps": self.changed["transport_maps"]})
        (mail, requeued), (_, held) = self.notify(1), self.notify(2)
        for message_id in (requeued, held):
            wait(lambda: sends(message_id)[0]["state"] == "released", "the queue's word does not release it")
            wait(lambda: list(self.queue(message_id).values()) == ["deferred"], "it is not deferred")
        known = sends(requeued)[0]["attempts"]
        ids = {self.requeue(requeued), self.requeue(requeued), self.requeue(both, other)}
        self.assertEqual((len(ids), ids & set(known + sends(both)[0]["attempts"])), (3, set()))
        kept, = self.queue(held)
        self.postsuper("-h", kept)
        self.assertEqual(self.queue(held), {kept: "hold"})
        self.postsuper("-H", kept)
        self.assert_repeat_is_noted(mail, requeued)
        gone = f"inline:{{ {{ {other} = error:5.4.4 gone }} }}, "
        self.put({"defer_transports": "", "transport_maps": gone + self.before["transport_maps"]})
        processes.run(["postqueue", "-c", self.places.path("postfix", "etc"), "-f"], "postqueue")
        self.assertEqual(self.said(requeued, "relayed"), unknown)
        self.assertEqual(self.said(both, "failed", other), unknown)
        self.assertEqual(self.said(held, "relayed"), [(True, "own-postfix", "recorded queue id and recipient")])
        self.assertEqual(self.said(both, "relayed"), [(True, "own-postfix", "recorded queue id and recipient")])
        for message_id in (requeued, held, both):
            self.assertEqual(len(mails.received(self.places, message_id)), 1)
            self.assertEqual([one["state"] for one in sends(message_id)], ["released"])
        # No notice of ours tells what is not believed: the sender gets what Postfix says.
        wait(lambda: [one for one in mailbox(OFFICE) if one.get_content_type() == "multipart/report"
                      and both.strip("<>") in one.as_string()], "the sender hears nothing")
        self.assert_the_citizens_word_counts(requeued, known)

    def assert_the_citizens_word_counts(self, message_id, known):
        """Of a mail of which the queue's word is not believed."""
        send = sends(message_id)[0]
        self.assertEqual(send["attempts"], known)
        # By its first queue id it was delayed.
        self.assertIn(send["deliveries"][0]["state"], ("pending", "delayed"))
        self.assertIn("Un aviso dice que un servidor lo aceptó (origen no comprobado", self.constancia(send))
        got = mails.parse(mails.received(self.places, message_id)[0])
        mails.from_outside(self.places, mails.make_answer(got), CITIZEN, [mails.address_of(got["From"])], port="citizen")
        wait(lambda: sends(message_id)[0]["deliveries"][0]["state"] == "acknowledged", "the answer does not count")

    def constancia(self, send):
        path = self.places.path("work", "reports.pdf")
        demo.acusectl(self.places, "send", "constancia", send["id"], "--output", path)
        done = subprocess.run(["pdftotext", "-raw", path, "-"], capture_output=True, text=True, check=True)
        return " ".join(done.stdout.split())


class Bounced(Case):
    """A server that took the mail sends it back later."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.etc = Gateway.places.path("citizen", "etc")
        cls.before = {name: processes.run(["postconf", "-c", cls.etc, "-h", name], "postconf").strip()
                      for name in ("transport_maps", "virtual_mailbox_maps")}
        # Passed on to where nobody takes it.
        inbound = f"smtp:[127.0.0.1]:{Gateway.places.port('inbound')}"
        cls.put({"transport_maps": f"inline:{{ {{ {BOUNCES} = {inbound} }} }}, " + cls.before["transport_maps"],
                 "virtual_mailbox_maps": f"inline:{{ {{ {BOUNCES} = ciudadano/ }} }}, " + cls.before["virtual_mailbox_maps"]})
        authorise(BOUNCES)

    @classmethod
    def tearDownClass(cls):
        cls.put(cls.before)
        super().tearDownClass()

    @classmethod
    def put(cls, values):
        processes.run(["postconf", "-c", cls.etc, "-e", *[f"{name}={value}" for name, value in values.items()]], "postconf")
        processes.run(["postfix", "-c", cls.etc, "reload"], "Postfix does not reload")

    def test_relayed_and_then_failed(self):
        mail = notification(9650, to=BOUNCES)
        self.assertEqual(retry(mail)[0], 250)
        message_id = str(mail["Message-ID"])
        failed, = wait(lambda: [one for one in events_of(message_id) if one["event"] == "failed"], "it does not come back")
        self.assertEqual((failed["counts"], failed["trust"], failed["matched_by"]), (True, "outside", "token"))
        wait(lambda: [one for one in events_of(message_id) if one["event"] == "relayed"], "no report of our own")
        send = sends(message_id)[0]
        self.assertEqual(send["deliveries"][0]["state"], "relayed")
        # The notifier reads what the other server wrote.
        wait(lambda: [one for one in mailbox(OFFICE) if one.get_content_type() == "multipart/report"
                      and message_id.strip("<>") in one.as_string()], "the notifier does not get it")
        text = Reports.constancia(self, send)
        for words in ("El servidor del destinatario lo aceptó", "Un aviso dice que no se pudo entregar", "su autor no está comprobado",
                      "Hay informes que se contradicen", "no está acreditada su recepción"):
            self.assertIn(words, text)
        for words in ("de origen comprobado", "NO ENTREGADO"):
            self.assertNotIn(words, text)

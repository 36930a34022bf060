"""Citizens' answers: what proves them, what does not, and that they reach the notifier all the same (D4)."""
import html
import urllib.parse

from harness import *
from test_forgeries import NEIGHBOUR, mime

OURS = servers.HOST
PASS = f"{OURS}; dmarc=pass (p=reject) header.from=ciudadano.test"


def answer_to(got, text="Recibido conforme.\n", **fields):
    answer = mails.make_answer(got, text)
    for name, value in fields.items():
        del answer[name.replace("_", "-")]
        if value is not None:
            answer[name.replace("_", "-")] = value
    return answer


ASKED = "Responda este correo para confirmar la recepción"


def texts(mail):
    """The plain and the HTML text of a mail."""
    return {part.get_content_subtype(): part.get_content() for part in mail.walk()
            if part.get_content_maintype() == "text" and not part.get_filename()}


def link_of(mail):
    """What the link in the HTML text opens: (address, subject, text)."""
    found = re.search(r'href="mailto:([^"]*)"', texts(mail)["html"])
    address, _, query = html.unescape(found[1]).partition("?")
    fields = dict(one.split("=", 1) for one in query.split("&"))
    return urllib.parse.unquote(address), urllib.parse.unquote(fields["subject"]), urllib.parse.unquote(fields["body"])


def read(path):
    with open(path, "rb") as file:
        return file.read()


def delivered(answer):
    """The notifier's copy."""
    return wait(lambda: [one for one in mailbox(OFFICE) if one["Message-ID"] == answer["Message-ID"]],
                "the answer did not reach the notifier")[0]


class Answers(Case):
    number = 500

    def setUp(self):
        Answers.number += 1
        self.mail = notification(Answers.number)
        self.message_id = str(self.mail["Message-ID"])
        self.assertEqual(retry(self.mail)[0], 250)
        self.got = mails.parse(wait(lambda: mails.received(self.places, self.message_id), "not received")[0])
        self.to = mails.address_of(self.got["From"])

    def events(self, event):
        return [one for one in events_of(self.message_id) if one["event"] == event]

    def judged(self, answer, event="acknowledged"):
        """What became of it, once it is with the notifier."""
        delivered(answer)
        return wait(lambda: self.events(event), f"no event {event}")[-1]

    def state(self):
        return sends(self.message_id)[0]["deliveries"][0]["state"]

    def from_citizen(self, answer, to=None, sender=CITIZEN):
        """By the citizen's own server, which signs."""
        mails.from_outside(self.places, answer, sender, [to or self.to], port="citizen")

    def by_stranger(self, answer, to=None, sender=CITIZEN):
        """By a server that has not the key of the citizen's domain."""
        mails.from_outside(self.places, answer, sender, [to or self.to])

    def test_an_answer_with_dmarc_counts(self):
        answer = answer_to(self.got)
        self.from_citizen(answer)
        found = self.judged(answer)
        self.assertTrue(found["counts"], found)
        self.assertEqual((found["trust"], found["recipient"]), ("outside", CITIZEN))
        self.assertEqual(self.state(), "acknowledged")
        results = [str(one) for one in delivered(answer).get_all("Authentication-Results")]
        self.assertTrue(any(one.startswith(OURS) and "dkim=pass" in one for one in results), results)
        self.assertTrue(any(one.startswith(OURS) and "dmarc=pass" in one for one in results), results)

    def test_its_leaf_says_what_our_servers_found(self):
        answer = answer_to(self.got)
        self.from_citizen(answer)
        leaf = self.judged(answer)["leaf"]
        status, found = api("GET", f"/v1/ledger/entries?after={leaf - 1}&limit=1")
        self.assertEqual(status, 200, found)
        text = json.loads(found["items"][0]["leaf"])
        self.assertIn("dkim=pass", text["authentication"])
        self.assertIn("dmarc=pass", text["authentication"])

    def test_without_signature_it_is_unproved_and_delivered(self):
        answer = answer_to(self.got)
        self.by_stranger(answer)
        found = self.judged(answer)
        self.assertEqual((found["counts"], found["trust"]), (False, "unproved"), found)
        self.assertNotEqual(self.state(), "acknowledged")

    def test_a_forged_result_goes_away(self):
        forms = (f"Authentication-Results: {PASS}", f"Authentication-Results: {PASS}; garbage!!!",
                 f"Authentication-Results: {OURS.upper()} 1; dmarc=pass header.from=ciudadano.test",
                 f"Authentication-Results : {PASS}", f"AUTHENTICATION-RESULTS:\r\n {PASS}",
                 f"Authentication-Results: (a (b) c) {PASS}", f'Authentication-Results: "{OURS}"; dmarc=pass header.from=ciudadano.test')
        for form in forms:
            with self.subTest(form=form):
                answer = answer_to(self.got)
                self.by_stranger(form.encode() + b"\r\n" + answer.as_bytes())
                found = self.judged(answer)
                self.assertFalse(found["counts"], found)
                results = [str(one) for one in delivered(answer).get_all("Authentication-Results")]
                self.assertEqual([one for one in results if "dmarc=pass" in one], [])

    def test_nor_without_verifiers(self):
        """The border's own stripping, seen alone: a field in our name does not reach the evidence milter."""
        etc = self.places.path("postfix", "etc")

        def chain(words):
            processes.run(["postconf", "-c", etc, "-e", f"smtpd_milters={words}"], "postconf")
            processes.run(["postfix", "-c", etc, "reload"], "Postfix does not reload")
        self.addCleanup(chain, processes.run(["postconf", "-c", etc, "-h", "smtpd_milters"], "postconf").strip())
        chain("unix:acuse/evidence.sock")
        for number in range(3):
            # The first connections after a reload may still be of the old chain.
            answer = answer_to(self.got)
            self.by_stranger(f"Authentication-Results: {PASS}\r\n".encode() + answer.as_bytes())
            self.assertFalse(self.judged(answer)["counts"])
            if not delivered(answer).get_all("Authentication-Results"):
                return
            time.sleep(1)
        self.fail("the chain did not change")

    def test_a_changed_body_breaks_it(self):
        answer = answer_to(self.got)
        self.from_citizen(answer)
        self.assertTrue(self.judged(answer)["counts"])
        folder = self.places.path("mail", OFFICE, "Maildir")
        raw = next(raw for raw in map(read, glob.glob(folder + "/*/*")) if str(answer["Message-ID"]).encode() in raw)
        forged = raw[raw.index(b"DKIM-Signature:"):].replace(b"Recibido conforme.", b"Renuncio al plazo.")
        before = len(self.events("acknowledged"))
        self.by_stranger(forged.replace(b"\n", b"\r\n"))
        found = wait(lambda: self.events("acknowledged")[before:], "not recorded")[0]
        self.assertFalse(found["counts"], found)

    def test_without_a_verifier_mail_waits(self):
        processes.stop(self.places, "opendmarc")
        try:
            self.assert_refused(lambda: self.by_stranger(answer_to(self.got)), 451)
        finally:
            servers.start_verifier(self.places, "opendmarc")
        answer = answer_to(self.got)
        self.from_citizen(answer)
        self.assertTrue(self.judged(answer)["counts"])

    def test_a_notification_asks_under_its_block(self):
        token = re.search(r"acuse\+[a-z2-7]{32}@muni\.test", str(self.got["Return-Path"]))[0]
        for kind, text in texts(self.got).items():
            with self.subTest(kind=kind):
                self.assertEqual(text.count(ASKED), 1)
                self.assertEqual(text.count("Rosa Morales Aranda"), 1)
                self.assertLess(text.index("Rosa Morales Aranda"), text.index(ASKED))
                self.assertLess(text.index(ASKED), text.index(token))
        address, subject, text = link_of(self.got)
        self.assertEqual(address, token)
        self.assertIn(EXPEDIENTE, subject)
        self.assertIn("Confirmo la recepción", text)

    def test_one_click_counts(self):
        address, subject, text = link_of(self.got)
        answer = mails.make_plain(subject, CITIZEN, address, text)
        self.from_citizen(answer, to=address)
        found = self.judged(answer)
        self.assertTrue(found["counts"], found)
        self.assertEqual(found["matched_by"], "token")
        self.assertEqual(self.state(), "acknowledged")

    def test_a_block_that_was_typed_is_not_repeated(self):
        mail = notification(Answers.number + 400)
        for part in mail.walk():
            if part.get_content_maintype() == "text":
                block = texts(self.got)[part.get_content_subtype()]
                start = block.index("Rosa Morales") if part.get_content_subtype() == "plain" else block.index("<div>")
                own = block[start:block.index(ASKED)].replace("<p>", "")
                text = part.get_content()
                text = text.replace("</body>", own + "</body>") if "</body>" in text else text + "\n" + own
                part.set_content(text, subtype=part.get_content_subtype())
        submit(mail)
        got = mails.parse(wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0])
        for kind, text in texts(got).items():
            with self.subTest(kind=kind):
                self.assertEqual((text.count("Rosa Morales Aranda"), text.count(ASKED)), (1, 1), text)

    def test_other_mail_asks_nothing(self):
        mail = mails.make_plain("Consulta", OFFICE_ADDRESS, CITIZEN)
        submit(mail)
        got = mails.parse(wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0])
        self.assertNotIn(ASKED, "".join(texts(got).values()))

    def signed_copy(self, answer):
        """The answer as the citizen's server signed it, to be sent again by anybody."""
        delivered(answer)
        folder = self.places.path("mail", OFFICE, "Maildir")
        raw = next(raw for raw in map(read, glob.glob(folder + "/*/*")) if str(answer["Message-ID"]).encode() in raw)
        return raw[raw.index(b"DKIM-Signature:"):].replace(b"\n", b"\r\n")

    def test_a_signed_answer_sent_again_proves_no_other_send(self):
        answer = answer_to(self.got)
        self.from_citizen(answer)
        self.assertTrue(self.judged(answer)["counts"])
        copy = self.signed_copy(answer)
        other = notification(Answers.number + 800)
        self.assertEqual(retry(other)[0], 250)
        token = token_of(other)
        self.by_stranger(copy, to=f"acuse+{token}@{DOMAIN}")
        wait(lambda: len([one for one in mailbox(OFFICE) if one["Message-ID"] == answer["Message-ID"]]) > 1,
             "what came to the token did not reach the notifier")
        found = [one for one in events_of(str(other["Message-ID"])) if one["event"] == "acknowledged"]
        self.assertEqual([one for one in found if one["counts"]], [])
        self.assertNotEqual(sends(str(other["Message-ID"]))[0]["deliveries"][0]["state"], "acknowledged")

    def test_a_mail_of_before_the_send_proves_nothing(self):
        answer = answer_to(self.got, Date="Mon, 05 Jan 2026 10:00:00 -0500")
        self.from_citizen(answer)
        found = self.judged(answer)
        self.assertFalse(found["counts"], found)
        self.assertIn("written before", found["reason"])

    def test_a_co_recipient_speaks_for_himself_alone(self):
        """Both are recorded, both are of a proved domain: each one's word is about him."""
        mail = mails.make_plain("Consulta a dos", OFFICE_ADDRESS, f"{CITIZEN}, {NEIGHBOUR}")
        self.assertEqual(submit(mail, to=[CITIZEN, NEIGHBOUR])[0], 250)
        message_id = str(mail["Message-ID"])
        got = mails.parse(wait(lambda: mails.received(self.places, message_id), "not received")[0])
        wait(lambda: [one for one in events_of(message_id) if (one["event"], one["recipient"]) == ("relayed", CITIZEN)], "no report")
        answer = answer_to(got, From=NEIGHBOUR)
        self.from_citizen(answer, to=OFFICE_ADDRESS, sender=NEIGHBOUR)
        found = wait(lambda: [one for one in events_of(message_id) if one["event"] == "acknowledged"], "not recorded")
        self.assertEqual([(one["recipient"], one["counts"]) for one in found], [(NEIGHBOUR, True)])
        receipt = mime("multipart/report; report-type=disposition-notification", [
            ("text/plain", "Leido.\r\n"), ("message/disposition-notification", f"Final-Recipient: rfc822;{CITIZEN}\r\n"
             f"Original-Message-ID: {message_id}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n")],
            From=NEIGHBOUR, Message_ID=f"<recibo-{time.monotonic_ns()}@ciudadano.test>")
        mails.from_outside(self.places, receipt.encode(), NEIGHBOUR, [OFFICE_ADDRESS], port="citizen")
        found = wait(lambda: [one for one in events_of(message_id) if one["event"] == "read"], "not recorded")
        self.assertEqual([(one["recipient"], one["counts"]) for one in found], [(NEIGHBOUR, False)])
        states = {one["address"]: one["state"] for one in sends(message_id)[0]["deliveries"]}
        self.assertEqual((states[CITIZEN], states[NEIGHBOUR]), ("relayed", "acknowledged"))

"""One notification from submission to proof, looked at from every side."""
import datetime
import email.utils
import os
import struct
import subprocess
import time
import zipfile
import zlib

from harness import *


class Notification(Case):
    @classmethod
    def setUpClass(cls):
        cls.mail = notification(200)
        cls.message_id = str(cls.mail["Message-ID"])
        cls.reply = submit(cls.mail)
        cls.path = wait(lambda: mails.received(Gateway.places, cls.message_id),
                        "the citizen's server got nothing")[0]
        cls.got = mails.parse(cls.path)
        cls.content = Gateway.places.path("work", "happy-content.eml")

    def test_10_is_signed_for_the_office(self):
        said = mails.verify_signature(self.places, self.path, self.content, OFFICE_ADDRESS)
        self.assertIn("successful", said)

    def test_11_has_the_block_and_the_same_pdf(self):
        mails.verify_signature(self.places, self.path, self.content, OFFICE_ADDRESS)
        demo.check_content(self.content, self.mail)

    def test_12_protects_its_header(self):
        child = self.got.get_payload()[0]
        self.assertEqual(self.got.get_content_type(), "multipart/signed")
        self.assertEqual(child.get_param("hp"), "clear")
        for name in ("From", "To", "Subject", "Message-ID"):
            self.assertEqual(str(child[name]), str(self.got[name]), name)

    def test_13_is_seven_bit(self):
        with open(self.path, "rb") as file:
            raw = file.read()
        self.assertLess(max(raw), 128)
        self.assertLessEqual(max(map(len, raw.splitlines())), 998)

    def test_14_asks_for_its_receipts(self):
        self.assertRegex(str(self.got["Return-Path"]), r"acuse\+[a-z2-7]{32}@muni\.test")
        asked = mails.address_of(self.got["Disposition-Notification-To"])
        self.assertEqual(asked, mails.address_of(self.got["Return-Path"]))
        self.assertEqual(len(self.got.get_all("Acuse-Id")), 1)

    def test_20_the_report_is_recorded_and_consumed(self):
        def relayed():
            return [one for one in events_of(self.message_id) if one["event"] == "relayed"]
        found = wait(relayed, "no report was recorded")
        self.assertEqual(len(found), 1)
        self.assertTrue(found[0]["counts"], found[0])
        self.assertEqual(found[0]["recipient"], CITIZEN)
        self.assertEqual(found[0]["matched_by"], "queue-id")
        send = sends(self.message_id)[0]
        self.assertEqual([one["state"] for one in send["deliveries"]], ["relayed"])
        reports = [one for one in mailbox(OFFICE) if one.get_content_type() == "multipart/report"
                   and self.message_id in one.as_string()]
        self.assertEqual(reports, [])

    def test_21_is_recorded_once_with_its_bytes(self):
        self.assert_sent_once(self.mail)

    def test_22_the_same_again_goes_out_no_second_time(self):
        wait(lambda: sends(self.message_id)[0]["state"] == "released", "not released")
        self.assertEqual(reply_of(lambda: submit(self.mail))[0], 250)
        self.assert_sent_once(self.mail)

    def test_30_the_answer_is_recorded_and_delivered(self):
        answer = mails.make_answer(self.got, "Recibido conforme.\n")
        mails.from_outside(self.places, answer, CITIZEN, [mails.address_of(answer["To"])],
                           port="citizen")
        found = wait(lambda: [one for one in events_of(self.message_id)
                              if one["event"] == "acknowledged"], "the answer is not recorded")
        self.assertEqual(found[0]["recipient"], CITIZEN)
        # Signed by the citizen's server, whose domain has a DMARC record.
        self.assertTrue(found[0]["counts"], found[0])
        wait(lambda: [one for one in mailbox(OFFICE)
                      if one["Message-ID"] == answer["Message-ID"]], "the answer was not delivered")

    def test_31_an_answer_to_the_token_reaches_the_notifier(self):
        answer = mails.make_answer(self.got, "A la direccion de retorno.\n")
        to = mails.address_of(self.got["Return-Path"])
        del answer["To"]
        answer["To"] = to
        mails.from_outside(self.places, answer, CITIZEN, [to], port="citizen")
        wait(lambda: [one for one in mailbox(OFFICE)
                      if one["Message-ID"] == answer["Message-ID"]], "the answer was not delivered")

    def test_32_a_read_receipt_is_recorded(self):
        receipt = read_receipt(self.got)
        to = mails.address_of(self.got["Disposition-Notification-To"])
        mails.from_outside(self.places, receipt, CITIZEN, [to], port="citizen")
        found = wait(lambda: [one for one in events_of(self.message_id) if one["event"] == "read"],
                     "the read receipt is not recorded")
        self.assertTrue(found[0]["counts"], found[0])

    def export(self):
        bundle = self.places.path("work", "happy.asice")
        demo.acusectl(self.places, "proof", "export", sends(self.message_id)[0]["id"], "-o", bundle,
                      parse=False)
        return bundle

    def verify(self, bundle, *more):
        return subprocess.run([self.places.path("bin", "acusectl"), "proof", "verify", bundle,
                               "--trust", self.places.ca, *more], capture_output=True, text=True,
                              check=False, env=dict(os.environ, ACUSE_API="/nonexistent"))

    def test_40_the_bundle_verifies_off_line(self):
        done = self.verify(self.export(), "--received", self.path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_41_a_changed_bundle_does_not(self):
        bundle = self.export()
        with zipfile.ZipFile(bundle) as whole:
            parts = {one: whole.read(one) for one in whole.namelist()}
        names = [one for one in parts if one.startswith(("leaves/", "proofs/", "openings/"))]
        for name in ["message.eml", "head.json", "head.p7s", names[0]]:
            with self.subTest(part=name):
                bad = dict(parts)
                bad[name] = flip(parts[name])
                path = self.places.path("work", "bad.asice")
                with zipfile.ZipFile(path, "w") as out:
                    for one, data in bad.items():
                        out.writestr(one, data)
                self.assertNotEqual(self.verify(path).returncode, 0)

    def test_42_another_mail_is_not_the_received_one(self):
        other = self.places.path("work", "other.eml")
        with open(self.path, "rb") as file:
            raw = file.read()
        with open(other, "wb") as file:
            file.write(raw.replace(b"JVBERi", b"JVBERj", 1))
        self.assertNotEqual(self.verify(self.export(), "--received", other).returncode, 0)

    def test_42_a_name_that_is_none_says_nothing_of_the_proof(self):
        bundle = self.export()
        for words in [("/nonexistent.asice",), (bundle, "--received", "/nonexistent.eml"), (bundle, "--received", "/dev/zero")]:
            with self.subTest(words=words):
                done = self.verify(*words)
                self.assertEqual(done.returncode, 1)
                self.assertNotIn("AUTENTICA", done.stdout)
                self.assertIn("not-found", done.stderr)

    def test_43_the_ledger_verifies(self):
        demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)

    def test_44_check_finds_nothing_of_the_gateway_wrong(self):
        said = subprocess.run([self.places.path("bin", "acusectl"), "--config",
                               self.places.path("acuse", "acuse.conf"), "--json", "check"],
                              capture_output=True, text=True, check=False,
                              env=dict(os.environ, ACUSE_API=self.places.api))
        self.assertTrue(said.stdout.strip(), said.stderr)
        self.assertIsNotNone(json.loads(said.stdout))


def flip(data):
    """One byte otherwise, in the middle."""
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def read_receipt(original):
    """RFC 8098, as a mail client writes it."""
    text = (f"From: {CITIZEN}\r\nTo: {original['Disposition-Notification-To']}\r\n"
            f"Subject: Leido\r\nDate: {mails.email.utils.format_datetime(mails.email.utils.localtime())}\r\n"
            f"Message-ID: <receipt-{os.getpid()}@ciudadano.test>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nSe mostro el mensaje.\r\n"
            "--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
            f"Final-Recipient: rfc822;{CITIZEN}\r\nOriginal-Message-ID: {original['Message-ID']}\r\n"
            "Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n")
    return text.encode()


class OtherMail(Case):
    def test_addresses_as_clients_write_them(self):
        """The report names the address as Postfix has it; it is found all the same."""
        for at, recipient in enumerate((CITIZEN + ".", '"ciudadano"@ciudadano.test')):
            with self.subTest(recipient=recipient):
                mail = notification(210 + at)
                self.assertEqual(reply_of(lambda: submit(mail, to=[recipient]))[0], 250)
                wait(lambda: [one for one in events_of(str(mail["Message-ID"]))
                              if one["event"] == "relayed" and one["counts"]], "no report counts")
                self.assert_sent_once(mail)

    def test_a_name_behind_the_address(self):
        mail = notification(212)
        raw = mail.as_bytes()
        start, end = raw.index(b"From: "), raw.index(b"\r\nTo:")
        raw = raw[:start] + f"From: {OFFICE_ADDRESS} (Secretaria)".encode() + raw[end:]
        self.assertEqual(reply_of(lambda: mails.submit(
            self.places, Gateway.person.uid, Gateway.person.password, raw, sender=OFFICE_ADDRESS,
            to=[CITIZEN]))[0], 250)
        self.assert_sent_once(mail)

    def test_internal_mail_arrives_with_its_block(self):
        mail = mails.make_plain("Reunion", OFFICE_ADDRESS, f"{Gateway.person.uid}@{DOMAIN}")
        submit(mail)
        got = wait(lambda: [one for one in mailbox(Gateway.person.uid)
                            if one["Message-ID"] == mail["Message-ID"]], "not delivered")
        self.assertEqual(len(got), 1)
        text = got[0].get_body(preferencelist=("plain",)).get_content()
        self.assertIn("Rosa Morales Aranda", text)

    def test_a_date_that_is_wrong(self):
        """Thunderbird calls a good signature invalid when Date and signing time differ by an hour; the record keeps what it was."""
        early = email.utils.format_datetime(email.utils.localtime() - datetime.timedelta(hours=1))
        for at, date in enumerate((early, "ayer por la tarde")):
            with self.subTest(date=date):
                mail = notification(213 + at)
                raw = mail.as_bytes().replace(b"Date: " + str(mail["Date"]).encode(), b"Date: " + date.encode())
                self.assertEqual(reply_of(lambda raw=raw: mails.submit(
                    self.places, Gateway.person.uid, Gateway.person.password, raw, sender=OFFICE_ADDRESS, to=[CITIZEN]))[0], 250)
                self.assert_sent_once(mail)
                path = mails.received(self.places, str(mail["Message-ID"]))[0]
                mails.verify_signature(self.places, path, self.places.path("work", "date-content.eml"), OFFICE_ADDRESS)
                got = mails.parse(path)
                for part in (got, got.get_payload()[0]):
                    self.assertLess(abs(time.time() - email.utils.parsedate_to_datetime(str(part["Date"])).timestamp()), 600)
                self.assertEqual(sends(str(mail["Message-ID"]))[0]["date_original"], date)

    def test_the_logo(self):
        """It stands beside the HTML text as an inline image that the text names by cid, and nothing is fetched from anywhere."""
        image, logo = png(), self.places.path("acuse", "logo.png")
        with open(logo, "wb") as file:
            file.write(image)
        os.chmod(logo, 0o644)
        mail = notification(215)
        with configured({"signature": {"logo": logo}}, "outgoing"):
            submit(mail)
        path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not delivered")[0]
        content = self.places.path("work", "logo-content.eml")
        mails.verify_signature(self.places, path, content, OFFICE_ADDRESS)
        got = mails.parse(content)
        related, = [part for part in got.walk() if part.get_content_type() == "multipart/related"]
        html, shown = related.get_payload()
        self.assertEqual((html.get_content_type(), shown.get_content_type()), ("text/html", "image/png"))
        self.assertEqual(shown.get_content_disposition(), "inline")
        self.assertEqual(shown.get_payload(decode=True), image)
        self.assertIn(f'<img src="cid:{str(shown["Content-ID"]).strip("<>")}"', html.get_content())
        self.assertNotIn("http", html.get_content())
        self.assertEqual([part.get_content_type() for part in got.walk() if not part.is_multipart()],
                         ["text/plain", "text/html", "image/png", "application/pdf"])

    def test_a_failure_is_recorded_and_told(self):
        authorise("nadie@ciudadano.test")
        mail = notification(201, to="nadie@ciudadano.test")
        code, text = reply_of(lambda: submit(mail))
        self.assertEqual(code, 250, text)
        found = wait(lambda: [one for one in events_of(str(mail["Message-ID"]))
                              if one["event"] == "failed"], "the failure is not recorded")
        self.assertTrue(found[0]["counts"], found[0])
        told = wait(lambda: [one for one in mailbox(Gateway.person.uid) if one["Auto-Submitted"]
                             and "no pudo entregarse" in str(one["Subject"])
                             and str(mail["Subject"]) in one.get_body(("plain",)).get_content()], "the sender was not told")
        self.assertEqual(len(told), 1)


def png():
    """One black dot."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))

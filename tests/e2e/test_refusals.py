"""What is refused at submission, with its text, and leaves no record of a send."""
import smtplib

from harness import *


class Submission(Case):
    def assert_not_sent(self, mail):
        self.assertEqual(sends(str(mail["Message-ID"])), [])
        self.assertEqual(mails.received(self.places, str(mail["Message-ID"])), [])

    def test_no_subject(self):
        mail = mails.make_notification(None)
        self.assert_refused(lambda: submit(mail), 550, "5.7.1", "[P3]", "Falta el asunto", "DI-002")
        self.assert_not_sent(mail)

    def test_blank_subject(self):
        mail = mails.make_notification("  ")
        self.assert_refused(lambda: submit(mail), 550, "[P3]")
        self.assert_not_sent(mail)

    def test_all_that_is_wrong_at_once(self):
        """A line for each rule, none of them longer than SMTP allows."""
        mail = mails.make_notification("CARTA 309-2026-SG/MUNI", to=f"{CITIZEN}, otro@ciudadano.test")
        raw = mail.as_bytes().replace(b"From: ", f"Sender: alcalde@{DOMAIN}\r\nFrom: ".encode(), 1)
        code, text = reply_of(lambda: submit_raw(raw, to=[CITIZEN, "otro@ciudadano.test"]))
        self.assertEqual(code, 550, text)
        lines = text.split("\n")
        self.assertEqual([line.split()[1] for line in lines], ["[P1]", "[P10]", "[P14]"], text)
        for line in lines:
            self.assertTrue(line.startswith("5.7.1 "), text)
            self.assertLessEqual(len(line), 506)
        self.assert_not_sent(mail)

    def test_lines_that_smtp_allows(self):
        """Many long findings: each line at most 512 bytes with its end (RFC 5321 4.5.3.1.5), cut behind a word."""
        mail = mails.make_plain("Programas", OFFICE_ADDRESS, CITIZEN)
        for number in range(30):
            mail.add_attachment(b"MZ", maintype="application", subtype="octet-stream",
                                filename=f"archivo {number} " + "palabra 100% " * 40 + ".exe")
        with smtplib.SMTP("127.0.0.1", self.places.port("submission"), timeout=60) as client:
            client.starttls(context=demo.tls(self.places))
            client.login(Gateway.person.uid, Gateway.person.password)
            client.mail(OFFICE_ADDRESS)
            client.rcpt(CITIZEN)
            client.docmd("DATA")
            client.send(mail.as_bytes().replace(b"\r\n.", b"\r\n..") + b".\r\n")
            lines = [client.file.readline()]
            while lines[-1][3:4] == b"-":
                lines.append(client.file.readline())
        self.assertGreater(len(lines), 1)
        for line in lines:
            self.assertLessEqual(len(line), 512)
            self.assertRegex(line, rb"^550[- ]5\.7\.1 \[P9\] El archivo .* \(DI-002, art\. 4\.5 y 8\.4; .*\)\r\n$")

    def test_from_of_somebody_else(self):
        uid, _ = another_person()
        for sender in (f"{uid}@{DOMAIN}", f"alcalde@{DOMAIN}", "alguien@example.net"):
            with self.subTest(sender=sender):
                mail = notification(301, sender=sender)
                self.assert_refused(lambda: submit(mail), 550, "[P1]")
                self.assert_not_sent(mail)

    def test_own_from_with_anothers_envelope(self):
        uid, _ = another_person()
        mail = notification(302)
        code, text = reply_of(lambda: submit(mail, sender=f"{uid}@{DOMAIN}"))
        # Refused, or sent with the envelope that belongs to it: never with the other's.
        if code == 250:
            path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")
            self.assertNotIn(uid, str(mails.parse(path[0])["Return-Path"]))
        else:
            self.assertEqual(code, 550, text)

    def test_two_from_addresses(self):
        mail = notification(303)
        raw = mail.as_bytes().replace(b"From: ", f"From: alcalde@{DOMAIN}\r\nFrom: ".encode(), 1)
        self.assert_refused(lambda: submit_raw(raw), 550, "[P1]")
        self.assert_not_sent(mail)

    def test_sender_of_somebody_else(self):
        for fields in (f"Sender: {OFFICE_ADDRESS}\r\nSender: alcalde@{DOMAIN}\r\n",
                       f"Sender: {OFFICE_ADDRESS}, alcalde@{DOMAIN}\r\n", "Sender: g:;\r\n"):
            with self.subTest(fields=fields):
                mail = notification(308)
                raw = mail.as_bytes().replace(b"From: ", fields.encode() + b"From: ", 1)
                self.assert_refused(lambda: submit_raw(raw), 550, "[P1]")
                self.assert_not_sent(mail)

    def test_an_outside_recipient_in_disguise(self):
        """What Postfix would rewrite to another domain is not the institution's own."""
        for recipient in ("ciudadano%ciudadano.test", "ciudadano.test!ciudadano",
                          f"ciudadano%ciudadano.test@{DOMAIN}"):
            with self.subTest(recipient=recipient):
                mail = mails.make_plain("Reunion", OFFICE_ADDRESS, CITIZEN)
                self.assert_refused(lambda: submit(mail, to=[recipient]), 550)
                self.assert_not_sent(mail)

    def test_unknown_expediente(self):
        mail = mails.make_notification("CARTA 304-2026-SG/MUNI. Exp. 2026-999999")
        self.assert_refused(lambda: submit(mail), 550, "5.7.1", "[P10]", "art. 7.4")
        self.assert_not_sent(mail)

    def test_a_citizen_without_authorisation(self):
        """D9: refused until the authorisation is on record, and again once it is withdrawn."""
        address = "vecino@ciudadano.test"
        register = ("expediente", "authorise", EXPEDIENTE, address, "--document", "Solicitud f. 7", "--date", "2026-01-05",
                    "--holder", "Juan", "--holder-document", "40000009")
        mail = notification(310, to=address)
        self.assert_refused(lambda: submit(mail, to=[address]), 550, "5.7.1", "[D9]", "20.4")
        self.assert_not_sent(mail)
        demo.acusectl(self.places, *register)
        code, text = reply_of(lambda: submit(mail, to=[address]))
        self.assertEqual(code, 250, text)
        demo.acusectl(self.places, "expediente", "withdraw", EXPEDIENTE, address, "--document", "Carta f. 9", "--date",
                      "2026-01-06")
        mail = notification(311, to=address)
        self.assert_refused(lambda: submit(mail, to=[address]), 550, "[D9]")

    def test_a_list_of_expedientes(self):
        """P10: a number is refused until a list has registered it; a list with a fault registers nothing."""
        path = os.path.join(self.places.root, "expedientes.csv")
        for rows, done in (("2026-000771,Obra\n771,Otra\n", False), ("2026-000771,Obra\n2026-000772,Otra\n", True)):
            with open(path, "w", encoding="utf-8") as file:
                file.write("number,subject\n" + rows)
            if done:
                demo.acusectl(self.places, "expediente", "import", path, "--dry-run")
                demo.acusectl(self.places, "expediente", "import", path)
            else:
                with self.assertRaises(Failure):
                    demo.acusectl(self.places, "expediente", "import", path)
            mail = mails.make_notification("CARTA 312-2026-SG/MUNI. Exp. 2026-000771")
            # What is registered now lacks the citizen's authorisation for it.
            self.assert_refused(lambda m=mail: submit(m), 550, "[D9]" if done else "[P10]")

    def test_two_citizens(self):
        mail = notification(305, to=f"{CITIZEN}, otro@ciudadano.test")
        self.assert_refused(lambda: submit(mail, to=[CITIZEN, "otro@ciudadano.test"]), 550, "[P14]")
        self.assert_not_sent(mail)

    def test_without_a_login(self):
        context = demo.tls(self.places)
        with smtplib.SMTP("127.0.0.1", self.places.port("submission"), timeout=30) as client:
            client.starttls(context=context)
            code, _ = reply_of(lambda: mails.hand_over(client, notification(306), OFFICE_ADDRESS,
                                                       [CITIZEN]))
        self.assertGreaterEqual(code, 500)

    def test_an_account_without_the_office(self):
        uid, password = another_person()
        mail = notification(307)
        self.assert_refused(lambda: mails.submit(self.places, uid, password, mail), 550, "[P1]")
        self.assert_not_sent(mail)


_other = []


def another_person():
    """A second employee, made once."""
    if not _other:
        form = dict(demo.FORM_01, given_names="Luis", paternal_surname="Paredes",
                    maternal_surname="Soto", dni="40000001", tramite="2026-000900")
        uid, first = demo.create_account(Gateway.places, form)
        if demo.change_password(Gateway.places, uid, first, "Otra-2026.clave") != 200:
            raise Failure("the second person cannot change the first password")
        wait(lambda: demo.smtp_login(Gateway.places, uid, "Otra-2026.clave"), "cannot log in")
        _other.append((uid, "Otra-2026.clave"))
    return _other[0]


def submit_raw(raw, to=(CITIZEN,)):
    with smtplib.SMTP("127.0.0.1", Gateway.places.port("submission"), timeout=60) as client:
        client.starttls(context=demo.tls(Gateway.places))
        client.login(Gateway.person.uid, Gateway.person.password)
        return mails.hand_over(client, raw, OFFICE_ADDRESS, list(to))

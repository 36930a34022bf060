"""Who sends, in what state, how much: P1, P2 and P15 through the real servers, refused and passed."""
import datetime
import email.header
import email.utils
import imaplib

from harness import *

PASSWORD = "Tercera-2026.clave"
DNI = "40000033"
_third = []


def third_person():
    """Somebody who leaves the institution at the end of this file."""
    if not _third:
        form = dict(demo.FORM_01, given_names="Ana", paternal_surname="Tello", maternal_surname="Vega", dni=DNI,
                    tramite="2026-000933")
        uid, first = demo.create_account(Gateway.places, form)
        if demo.change_password(Gateway.places, uid, first, PASSWORD) != 200:
            raise Failure("the third person cannot change the first password")
        wait(lambda: demo.smtp_login(Gateway.places, uid, PASSWORD), "cannot log in")
        _third.append(uid)
    return _third[0]


def plain(subject, uid, sender=None, to=CITIZEN):
    return mails.make_plain(subject, sender or f"{uid}@{DOMAIN}", to)


def submit_as(uid, mail, **more):
    return mails.submit(Gateway.places, uid, PASSWORD, mail, **more)


def office_folders(uid):
    """The shared folders of offices that a login of now shows."""
    with imaplib.IMAP4_SSL("127.0.0.1", Gateway.places.port("imaps"), ssl_context=demo.tls(Gateway.places)) as client:
        client.login(uid, PASSWORD)
        _, answer = client.namespace()
        return re.findall(r"oficinas/[^\"]*", answer[0].decode())


def moment(seconds):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


class Identity(Case):
    def from_of(self, mail):
        path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0]
        name, address = email.utils.parseaddr(str(mails.parse(path)["From"]))
        return str(email.header.make_header(email.header.decode_header(name))), address

    def test_1_the_name_is_the_directory_s(self):
        uid = third_person()
        mail = plain("Informe 1", uid, f'"Alcaldia Provincial" <{uid}@{DOMAIN}>')
        self.assertEqual(reply_of(lambda: submit_as(uid, mail))[0], 250)
        self.assertEqual(self.from_of(mail), ("Ana Tello Vega", f"{uid}@{DOMAIN}"))

    def test_1_detail_of_the_address(self):
        uid = third_person()
        mail = plain("Informe 2", uid, f"{uid}+obras@{DOMAIN}")
        self.assertEqual(reply_of(lambda: submit_as(uid, mail))[0], 250)
        self.assertEqual(self.from_of(mail)[1], f"{uid}+obras@{DOMAIN}")

    def test_1_a_name_that_shows_another(self):
        uid = third_person()
        mail = plain("Informe 3", uid, f'"alcalde@{DOMAIN}" <{uid}@{DOMAIN}>')
        self.assert_refused(lambda: submit_as(uid, mail), 550, "[P1]", "otra direccion")

    def test_1_fields_that_are_refused(self):
        uid = third_person()
        mail = plain("Informe 4", uid)
        for fields in (f"Resent-From: alcalde@{DOMAIN}\n", "Subject: Otro\n", f"From : alcalde@{DOMAIN}\n",
                       f"To: otro@{DOMAIN}\n", "Content-Type: text/html\n"):
            with self.subTest(fields=fields):
                raw = b"X-First: 1\n" + fields.encode() + mail.as_bytes()
                self.assert_refused(lambda: submit_as(uid, raw, sender=f"{uid}@{DOMAIN}", to=[CITIZEN]), 550, "[P1]")

    def test_1_fields_that_go_away(self):
        uid = third_person()
        mail = plain("Informe 5", uid)
        names = ("Return-Receipt-To", "Errors-To", "X-Confirm-Reading-To", "DKIM-Signature", "Delivered-To")
        raw = "".join(f"{name}: a@example.net\n" for name in names).encode() + mail.as_bytes()
        self.assertEqual(reply_of(lambda: submit_as(uid, raw, sender=f"{uid}@{DOMAIN}", to=[CITIZEN]))[0], 250)
        path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0]
        for name in names:
            self.assertNotIn("example.net", str(mails.parse(path)[name]), name)

    def test_1_aliases(self):
        """An alias is sent from and delivered to; somebody else's and a removed one are refused."""
        uid = third_person()
        own, others = f"ana.tello@{DOMAIN}", f"otra.persona@{DOMAIN}"
        demo.acusectl(self.places, "alias", "add", uid, own, "--document", "Memo 5")
        demo.acusectl(self.places, "alias", "add", Gateway.person.uid, others, "--document", "Memo 5")
        mail = plain("Informe alias 1", uid, own)
        wait(lambda: reply_of(lambda: submit_as(uid, mail, sender=own))[0] == 250, "the alias is refused")
        self.assertEqual(self.from_of(mail), ("Ana Tello Vega", own))
        self.assert_sent_once(mail)
        self.assertEqual(sends(str(mail["Message-ID"]))[0]["mailbox"], f"{uid}@{DOMAIN}")
        self.assert_refused(lambda: submit_as(uid, plain("Informe alias 2", uid, others)), 550, "[P1]", "otra persona")
        self.assert_refused(lambda: submit_as(uid, plain("Informe alias 3", uid), sender=others), 550, "[P1]", "MAIL FROM")
        for address in (own.upper(), own.replace("@", "+obras@")):
            self.assertEqual(retry(mails.make_plain("Para el alias " + address, OFFICE_ADDRESS, address))[0], 250)
            wait(lambda: self.mails_of(uid, "Para el alias " + address), "it did not reach the person")
        demo.acusectl(self.places, "alias", "remove", uid, own, "--document", "Memo 6")
        wait(lambda: "[P1]" in reply_of(lambda: submit_as(uid, plain("Informe alias 4", uid, own)))[1], "it still sends")
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            submit(mails.make_plain("Al que fue", OFFICE_ADDRESS, own))
        with self.assertRaisesRegex(Failure, "is taken"):
            demo.acusectl(self.places, "alias", "add", OFFICE, own, "--document", "Memo 7")
        demo.acusectl(self.places, "alias", "remove", Gateway.person.uid, others, "--document", "Memo 6")
        types = [one["type"] for one in api("GET", f"/v1/accounts/{uid}/history")[1]["items"]]
        self.assertEqual(types[-2:], ["account.alias-given", "account.alias-removed"])

    def mails_of(self, uid, subject):
        found = []
        for path in glob.glob(self.places.path("mail", uid, "Maildir", "new", "*")):
            if str(mails.parse(path)["Subject"]) == subject:
                found.append(path)
        return found

    def test_2_a_delegation_has_dates(self):
        uid = third_person()
        mail = plain("Informe 6", uid, OFFICE_ADDRESS)

        def delegate(start, end):
            # Two terms, one long over: the other decides.
            return api("POST", f"/v1/offices/{OFFICE}/people",
                       {"responsible": Gateway.person.uid, "document": "Memo 3", "delegates": [
                           {"uid": uid, "from": None, "until": moment(-86400)},
                           {"uid": uid, "from": moment(start), "until": moment(end)}]})

        def send():
            return reply_of(lambda: submit_as(uid, mail, sender=f"{uid}@{DOMAIN}"))

        for start, end in ((-3600, -60), (3600, 7200)):
            self.assertEqual(delegate(start, end)[0], 200)
            self.assertEqual(send()[0], 550)
            self.assertEqual(office_folders(uid), [])
        status, office = delegate(-3600, 3600)
        self.assertEqual((status, len(office["delegates"])), (200, 2))
        try:
            wait(lambda: send()[0] == 250, "the delegate may not send")
            self.assertEqual(self.from_of(mail)[1], OFFICE_ADDRESS)
            self.assertEqual(office_folders(uid), [f"oficinas/{OFFICE}/"])
        finally:
            api("POST", f"/v1/offices/{OFFICE}/people",
                {"responsible": Gateway.person.uid, "document": "Memo 4", "delegates": []})

    def test_3_so_many_an_hour(self):
        uid = third_person()
        sent = [plain(f"Limite {number}", uid) for number in range(40)]
        refused = None
        with setting("provision", "limit_account_messages=100000", "limit_account_messages=12"):
            wait(lambda: api("GET", "/v1/health")[1]["status"] == "ok", "provisiond is not well")
            for mail in sent:
                code, text = reply_of(lambda: submit_as(uid, mail))
                if code != 250:
                    refused = mail
                    break
            self.assertEqual(code, 451, text)
            for word in ("4.7.1", "[P15]", "Intente de nuevo despues de las", "art. 8.1"):
                self.assertIn(word, text)
            self.assertEqual(sends(str(refused["Message-ID"])), [])
            # What was sent before is a repeat and no new mail; the limit is over a restart too.
            wait(lambda: reply_of(lambda: submit_as(uid, sent[0]))[0] == 250, "a repeat is refused")
            daemons.kill(self.places, "provision")
            restart("provision")
            wait(lambda: api("GET", "/v1/health")[1]["status"] == "ok", "provisiond is not well")
            self.assert_refused(lambda: submit_as(uid, refused), 451, "[P15]")
        wait(lambda: reply_of(lambda: submit_as(uid, refused))[0] == 250, "refused without a limit")
        self.assert_sent_once(refused)

    def test_4_a_ceased_account_loses_its_session(self):
        uid = third_person()
        with smtplib.SMTP("127.0.0.1", self.places.port("submission"), timeout=60) as client:
            client.starttls(context=demo.tls(self.places))
            client.login(uid, PASSWORD)
            first, second = plain("Antes del cese", uid), plain("Despues del cese", uid)
            wait(lambda: reply_of(lambda: mails.hand_over(client, first, f"{uid}@{DOMAIN}", [CITIZEN]))[0] == 250,
                 "not sent")
            self.assertEqual(api("POST", f"/v1/people/{DNI}/cease", {"document": "Memo 5"})[0], 200)
            code, text = reply_of(lambda: mails.hand_over(client, second, f"{uid}@{DOMAIN}", [CITIZEN]))
            self.assertEqual(code, 521, text)
            self.assertIn("[P2]", text)
            with self.assertRaises(smtplib.SMTPServerDisconnected):
                client.noop()
                client.noop()
        self.assertEqual(sends(str(second["Message-ID"])), [])
        self.assertFalse(demo.smtp_login(self.places, uid, PASSWORD))


class Smuggling(Case):
    """What another server passes on as text begins no second mail here, with an envelope of the text's choosing."""

    def test_only_one_end_of_data(self):
        address = f"{Gateway.person.uid}@{DOMAIN}"
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r"):
            with self.subTest(end=end), smtplib.SMTP("127.0.0.1", self.places.port("inbound"), timeout=30) as client:
                marks = [secrets.token_hex(8) for _ in range(2)]
                client.ehlo()
                client.mail(CITIZEN)
                client.rcpt(address)
                client.docmd("DATA")
                client.sock.sendall(f"From: {CITIZEN}\r\nSubject: {marks[0]}\r\n\r\nTexto".encode() + end +
                                    f"MAIL FROM:<otro@ciudadano.test>\r\nRCPT TO:<{address}>\r\nDATA\r\n"
                                    f"From: otro@ciudadano.test\r\nSubject: {marks[1]}\r\n\r\nTexto\r\n.\r\n".encode())
                self.assertEqual(client.getreply()[0], 250)
                # The next reply is that to this command, not to what stood in the text.
                self.assertEqual(client.docmd("VRFY", "x")[0], 502)
                subjects = wait(lambda: [str(one["Subject"]) for one in mailbox(Gateway.person.uid)
                                         if str(one["Subject"]) in marks], "nothing came")
                self.assertEqual(subjects, marks[:1])

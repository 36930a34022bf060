"""P11 through real Postfix: official documents whose PDFs are signed here, or are not."""
import email.policy

from harness import *
from test_policy import notices_about

KEYS = """set -e
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 9 -subj /CN=Raiz \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
openssl req -newkey rsa:2048 -nodes -keyout s.key -out s.csr -subj '/CN=Rosa Morales Aranda'
printf 'basicConstraints=CA:FALSE\\nkeyUsage=critical,digitalSignature,nonRepudiation\\nextendedKeyUsage=emailProtection\\n' > ext
openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile ext -out s.pem
openssl pkcs12 -export -inkey s.key -in s.pem -name signer -out s.p12 -passout pass:
mkdir sign trust other
for d in sign trust other; do certutil -N -d $d --empty-password; done
pk12util -i s.p12 -d sign -W ''
for d in sign trust; do certutil -A -d $d -n ca -t CT,C,C -i ca.pem; done
pdfsig -nssdir sign -add-signature -nick signer unsigned.pdf valid.pdf
LD_PRELOAD=FAKETIME FAKETIME=-20d pdfsig -nssdir sign -add-signature -nick signer unsigned.pdf old.pdf
{ cat valid.pdf; echo '% more'; } > broken.pdf
chmod -R a+rX trust other .
"""


class SignedDocuments(Case):
    number = iter(range(950, 1000))

    @classmethod
    def setUpClass(cls):
        cls.folder = Gateway.places.folder("pdf")
        with open(os.path.join(cls.folder, "unsigned.pdf"), "wb") as file:
            file.write(mails.make_pdf())
        done = subprocess.run(["/bin/sh", "-c", KEYS.replace("FAKETIME ", FAKETIME + " ", 1)], cwd=cls.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(done.stdout + done.stderr)

    @contextlib.contextmanager
    def rules(self, mode, trust="trust"):
        rows = {"p11": mode, "p11_trust_folder": os.path.join(self.folder, trust), "p11_timeout_ms": "15000"}
        with configured({"policy": rows}, "outgoing"):
            yield

    def letter(self, name, words=""):
        """An official letter with that PDF; None: without any."""
        mail = email.message.EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"] = OFFICE_ADDRESS, CITIZEN
        mail["Subject"] = f"{words}CARTA {next(self.number)}-2026-SG/MUNI. Exp. {EXPEDIENTE}"
        mail["Date"] = email.utils.localtime()
        mail["Message-ID"] = email.utils.make_msgid(domain=DOMAIN)
        mail.set_content("Se adjunta la carta.\n")
        if name is not None:
            with open(os.path.join(self.folder, name + ".pdf"), "rb") as file:
                mail.add_attachment(file.read(), maintype="application", subtype="pdf", filename="carta.pdf")
        return mail

    def sent(self, mail):
        code, text = retry(mail)
        self.assertEqual(code, 250, text)
        return sends(str(mail["Message-ID"]))[0]

    def test_an_act_that_is_notified_late(self):
        """D5: the PDF's own signature has the act's date. One of today is notified in time, one of twenty days ago is not."""
        def notification_of(name):
            mail = self.letter(name)
            mail.replace_header("Subject", "NOTIFICACION " + str(mail["Subject"]))
            return mail
        with self.rules("log"):
            send = self.sent(notification_of("valid"))
            self.assertEqual([one for one in send.get("findings", []) if one["rule"] == "D5"], [])
            self.assertGreater(send["act_until"], time.strftime("%Y-%m-%d"))
            mail = notification_of("old")
            send = self.sent(mail)
            self.assertEqual(send["class"], "notification")
            self.assertLess(send["act_until"], time.strftime("%Y-%m-%d"))
            self.assertLess(send["document_signed"], send["time"])
            self.assertEqual([one["mode"] for one in send["findings"] if one["rule"] == "D5"], ["warn"])
            self.assertIn("[D5]", wait(lambda: notices_about(str(mail["Subject"])), "the sender is not warned")[0].get_content())
            with configured({"policy": {"d5": "enforce"}}, "provision"):
                self.assert_refused(lambda: submit(notification_of("old")), 550, "5.7.1 [D5]", "art. 24.1")

    def test_enforced(self):
        refused = ((None, "Adjunte el documento en PDF"), ("unsigned", "Firme digitalmente el PDF"),
                   ("broken", "no corresponde a su contenido"))
        with self.rules("enforce"):
            send = self.sent(self.letter("valid"))
            self.assertEqual((send["pdf_signature"], send["exception"]), ("valid", None))
            for name, advice in refused:
                with self.subTest(name=name):
                    mail = self.letter(name)
                    self.assert_refused(lambda m=mail: submit(m), 550, "5.7.1 [P11]", advice, "Directiva 001-2020")
                    self.assertEqual(sends(str(mail["Message-ID"])), [])
            # The signer's token does not work, and it is urgent: a scan signed by hand, on record.
            send = self.sent(self.letter("unsigned", "[URGENTE: token vencido] "))
            self.assertEqual((send["pdf_signature"], send["exception"]), ("unsigned", "token vencido"))
            self.assert_refused(lambda: submit(self.letter("broken", "[URGENTE: token vencido] ")), 550, "[P11]")
            self.assert_refused(lambda: submit(self.letter(None, "[URGENTE: token vencido] ")), 550, "[P11]")
        with self.rules("enforce", "other"):
            self.assert_refused(lambda: submit(self.letter("valid")), 550, "[P11]", "no es de")

    def test_declared_by_command(self):
        """OTIC declares who may send a scan, why, and for what; each send that used it tells."""
        def declare(*more):
            return demo.acusectl(self.places, "exception", "declare", OFFICE_ADDRESS, "--reason", "token vencido", "--urgency",
                                 "plazo de hoy", "--document", "Memo 12", *more)

        with self.rules("enforce"):
            self.assert_refused(lambda: submit(self.letter("unsigned")), 550, "[P11]")
            once = declare()
            self.assert_refused(lambda: submit(self.letter("broken")), 550, "[P11]")
            mail = self.letter("unsigned")
            send = self.sent(mail)
            declared = send["exception_declared"]
            self.assertEqual((send["exception"], send["exception_id"]), ("token vencido", once["id"]))
            self.assertEqual((declared["urgency"], declared["document"]), ("plazo de hoy", "Memo 12"))
            self.assertTrue(declared["actor"])
            self.assert_sent_once(mail)
            # The client that missed the answer sends it again: it was sent. Another letter under its name is refused.
            self.assertEqual(reply_of(lambda: submit(mail))[0], 250)
            self.assert_sent_once(mail)
            other = self.letter("unsigned")
            other.replace_header("Message-ID", mail["Message-ID"])
            other.add_attachment(b"otra", maintype="application", subtype="pdf", filename="otra.pdf")
            self.assert_refused(lambda: submit(other), 550, "[P11]")
            self.assertEqual(len(sends(str(mail["Message-ID"]))), 1)
            self.assert_refused(lambda: submit(self.letter("unsigned")), 550, "[P11]")
            for more in (("--expediente", EXPEDIENTE), ("--until", "2099-12-31T05:00:00Z")):
                held = declare(*more)
                for _ in range(2):
                    self.assertEqual(self.sent(self.letter("unsigned"))["exception_id"], held["id"])
                demo.acusectl(self.places, "exception", "withdraw", held["id"], "--document", "Memo 13")
                self.assert_refused(lambda: submit(self.letter("unsigned")), 550, "[P11]")
        listed = {one["id"]: one for one in demo.acusectl(self.places, "exception", "list")["items"]}
        self.assertEqual((listed[once["id"]]["send"], listed[held["id"]]["withdrawn"]["document"]), (send["id"], "Memo 13"))

    def test_warned(self):
        with self.rules("warn"):
            for name in ("none", "unsigned", "broken", "valid"):
                with self.subTest(name=name):
                    send = self.sent(self.letter(None if name == "none" else name))
                    self.assertEqual(send["pdf_signature"], name)
                    found = [(one["rule"], one["mode"]) for one in send.get("findings", [])]
                    self.assertEqual(found, [] if name == "valid" else [("P11", "warn")])

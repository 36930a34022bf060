"""P2 live: each state in which an account sends nothing, come while its session is open, with the real slapd."""
from harness import *

sys.path.insert(0, os.path.join(TOP, "tests"))
from milter_client import Milter  # noqa: E402
from test_limits import PASSWORD, person, plain
from places import BASE


def modify(uid, *lines, where="people"):
    """A change in the directory itself, as another tool of the institution makes it."""
    text = f"dn: uid={uid},ou={where},{BASE}\nchangetype: modify\n" + "\n".join(lines) + "\n"
    done = subprocess.run(processes.as_user(UIDS["provision"]) + ["ldapmodify", "-Q", "-Y", "EXTERNAL", "-H",
                                                                 Gateway.places.ldapi_uri],
                          input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(done.stdout + done.stderr)


def put(attribute, value):
    return (f"replace: {attribute}", f"{attribute}: {value}")


def cut(attribute):
    return (f"replace: {attribute}",)


# (name, the change, how it is undone, the code, what is said)
STATES = (
    ("suspended", put("acuseState", "suspended"), put("acuseState", "active"), 521, "no esta activa"),
    ("pending", put("acuseState", "pending"), put("acuseState", "active"), 550, "no esta activa"),
    ("expired", put("acuseValidUntil", "20200101000000Z"), cut("acuseValidUntil"), 550, "no esta activa"),
    ("not yet valid", put("acuseValidFrom", "20400101000000Z"), cut("acuseValidFrom"), 550, "no esta activa"),
)


class State(Case):
    @classmethod
    def setUpClass(cls):
        cls.uid = person()

    @contextlib.contextmanager
    def session(self, uid=None):
        """A client that logged in and sent a mail while it might."""
        with smtplib.SMTP("127.0.0.1", self.places.port("submission"), timeout=60) as client:
            client.starttls(context=demo.tls(self.places))
            client.login(uid or self.uid, PASSWORD)
            wait(lambda: self.hand_over(client, plain("Antes", uid or self.uid))[0] == 250, "it does not send")
            yield client

    def hand_over(self, client, mail):
        return reply_of(lambda: mails.hand_over(client, mail, mails.address_of(mail["From"]), [CITIZEN]))

    def assert_cut(self, client, code, words, uid=None):
        """Refused as soon as the milter's copy has the change, and for good."""
        uid = uid or self.uid
        mail = plain("Después", uid)
        answer = wait(lambda: [one for one in [self.hand_over(client, plain("Aún", uid))] if one[0] != 250],
                      "it still sends", 10)[0]
        self.assertEqual(answer[0], code, answer[1])
        self.assertIn("[P2]", answer[1])
        self.assertIn(words, answer[1])
        if code == 521:
            with self.assertRaises(smtplib.SMTPServerDisconnected):
                client.noop()
                client.noop()
        else:
            self.assertEqual(self.hand_over(client, mail)[0], code)
        self.assertEqual(sends(str(mail["Message-ID"])), [])

    def test_each_state(self):
        for name, change, undo, code, words in STATES:
            with self.subTest(state=name), self.session() as client:
                modify(self.uid, *change)
                try:
                    self.assert_cut(client, code, words)
                finally:
                    modify(self.uid, *undo)

    def test_the_password_must_change(self):
        uid = person()
        with self.session(uid) as client:
            self.assertEqual(api("POST", f"/v1/accounts/{uid}/force-change", {"reason": "Memo 20"})[0], 200)
            self.assert_cut(client, 550, "Cambie su clave", uid)
            self.assertEqual(demo.change_password(self.places, uid, PASSWORD, PASSWORD + "2"), 200)
            # The same session again: the account is as it was.
            wait(lambda: self.hand_over(client, plain("Con otra clave", uid))[0] == 250, "it does not send")

    def test_an_office_that_is_not_active(self):
        """The mailbox in From, whoever sends from it."""
        modify(OFFICE, *put("acuseState", "suspended"), where="offices")
        try:
            answer = wait(lambda: [one for one in [reply_of(lambda: submit(plain("Oficina", None, OFFICE_ADDRESS)))]
                                   if one[0] != 250], "it still sends", 5)[0]
            self.assertEqual(answer[0], 550, answer[1])
            self.assertIn("[P2] El buzon desde el que envia no esta activo", answer[1])
        finally:
            modify(OFFICE, *put("acuseState", "active"), where="offices")
        settle()

    def reply_without_subject(self):
        """What the milter alone answers to a mail that it never takes: Postfix would ask the directory itself, before it."""
        milter = Milter(self.places.milter, timeout_s=60)
        try:
            milter.connect("SUBMISSION")
            text = plain("", self.uid).as_string().replace("\r\n", "\n")
            milter.message("SUBMISSION", f"<{self.uid}@{DOMAIN}>", [f"<{CITIZEN}>"], text, self.uid)
            return milter.reply or "accepted"
        finally:
            milter.close()

    def test_a_copy_that_is_too_old(self):
        with configured({"directory": {"max_age_s": "3"}}, "outgoing"), self.session() as client:
            self.assertIn("[P3]", self.reply_without_subject())
            mail = plain("Con copia vieja", self.uid)
            with frozen("slapd"):
                wait(lambda: self.reply_without_subject().startswith("451 4.3.0 No se pudo atender ahora"),
                     "it is believed for ever", 60)
                # Postfix's own look-ups end too, the first and each further one, while the client still waits.
                for _ in range(2):
                    code, text = self.hand_over(client, mail)
                    self.assertEqual(code, 451, text)
            self.assertEqual(sends(str(mail["Message-ID"])), [])
        # Another connection: Postfix may have let go of the first.
        with self.session() as client:
            wait(lambda: self.hand_over(client, mail)[0] == 250, "it is not believed again")
            self.assert_sent_once(mail)

"""People after they have an account: one call ends what is open; rotation shows in the directory; HR's list."""
import imaplib
import smtplib
import tempfile

from harness import *
from test_accounts import form


def person(dni, given):
    """An active person: (uid, password)."""
    uid, first = demo.create_account(Gateway.places, form(dni=dni, given_names=given, tramite=f"2026-{dni[-6:]}"))
    assert demo.change_password(Gateway.places, uid, first, "Nueva-2026.x") == 200
    wait(lambda: demo.smtp_login(Gateway.places, uid, "Nueva-2026.x"), "cannot log in", 5)
    return uid, "Nueva-2026.x"


class Cessation(Case):
    def imap(self, uid, password):
        client = imaplib.IMAP4_SSL("127.0.0.1", self.places.port("imaps"), ssl_context=demo.tls(self.places))
        client.login(uid, password)
        client.select()
        return client

    def submission(self, uid, password):
        client = smtplib.SMTP("127.0.0.1", self.places.port("submission"), timeout=30)
        client.starttls(context=demo.tls(self.places))
        client.login(uid, password)
        return client

    def imap_lives(self, client):
        try:
            return client.noop()[0] == "OK"
        except (imaplib.IMAP4.abort, OSError):
            return False

    def imap_login(self, uid, password):
        try:
            self.imap(uid, password).logout()
            return True
        except imaplib.IMAP4.error:
            return False

    def test_one_call_ends_open_sessions(self):
        """Login, IMAP that is open, and sending in a submission session that is open: all refused within a second of the call."""
        uid, password = person("40000060", "Zoe")
        reader, sender = self.imap(uid, password), self.submission(uid, password)
        self.addCleanup(sender.close)
        self.assertTrue(self.imap_lives(reader))
        called = time.monotonic()
        status, answer = api("POST", "/v1/people/40000060/cease", {"document": "Memo 60"})
        answered = time.monotonic() - called
        self.assertEqual((status, answer["state"]), (200, "ceased"), answer)
        wait(lambda: not self.imap_lives(reader), "the open IMAP session lives on", 5)
        closed = time.monotonic() - called
        address = f"{uid}@{DOMAIN}"
        with self.assertRaises((smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)) as refused:
            sender.sendmail(address, [address], f"From: {address}\r\nTo: {address}\r\nSubject: Tarde\r\n\r\nTarde\r\n")
        last = time.monotonic() - called
        print(f"        cessation: answered {answered:.3f} s, IMAP closed {closed:.3f} s, last refusal {last:.3f} s")
        self.assertIn("P2", str(refused.exception))
        # A wrong login is answered late on purpose: these two are not timed.
        self.assertFalse(self.imap_login(uid, password))
        self.assertFalse(demo.smtp_login(self.places, uid, password))
        self.assertLess(last, 3, "two seconds more than on a quiet machine")

    def test_a_list_of_hr(self):
        uid, _ = person("40000061", "Gil")
        other, _ = person("40000062", "Sara")
        with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
            file.write("dni;accion;fecha;cargo;unidad\n40000061;cese;;;\n40000062;rotación;;Cajera;Tesorería\n")
            file.flush()
            os.chmod(file.name, 0o644)
            shown = demo.acusectl(self.places, "person", "import-report", file.name, "--document", "Informe 3")
            self.assertFalse(shown["applied"])
            self.assertEqual([item["uid"] for item in shown["items"]], [uid, other])
            self.assertEqual(api("GET", f"/v1/accounts/{uid}")[1]["state"], "active")
            done = demo.acusectl(self.places, "person", "import-report", file.name, "--document", "Informe 3",
                                 "--apply")
        self.assertTrue(done["applied"])
        wait(lambda: api("GET", f"/v1/accounts/{uid}")[1]["state"] == "ceased", "not ceased", 5)
        wait(lambda: api("GET", f"/v1/accounts/{other}")[1]["post"] == "Cajera", "not rotated", 5)
        back = demo.acusectl(self.places, "person", "reinstate", "40000061", "--document", "R 1")
        self.assertEqual(back["uid"], uid)
        self.assertEqual(demo.change_password(self.places, uid, back["password"], "Vuelta-2026.x"), 200)
        wait(lambda: demo.smtp_login(self.places, uid, "Vuelta-2026.x"), "cannot log in", 5)

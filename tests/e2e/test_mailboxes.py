"""What becomes of a closed mailbox: its copy, the way back, and mail that still comes for it."""
import hashlib
import imaplib

import servers
from harness import *
from test_people import person

ARCHIVE = "mail-archive"


def deliver(uid, subject):
    """A mail from the institution, in that mailbox."""
    address = f"{uid}@{DOMAIN}"
    mail = mails.make_plain(subject, f"{Gateway.person.uid}@{DOMAIN}", address)
    code, text = reply_of(lambda: submit(mail))
    return code, text, mail


def imap(uid, password):
    client = imaplib.IMAP4_SSL("127.0.0.1", Gateway.places.port("imaps"), ssl_context=demo.tls(Gateway.places))
    client.login(uid, password)
    return client


def subjects(client, folder):
    if client.select(f'"{folder}"', readonly=True)[0] != "OK":
        return []
    found = client.search(None, "ALL")[1][0].split()
    return [client.fetch(one, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1].decode().strip() for one in found]


class Copies(Case):
    def test_a_copy_and_the_way_back(self):
        places = self.places
        uid, password = person("43000001", "Teo")
        for number in range(3):
            self.assertEqual(deliver(uid, f"Acta {number}")[0], 250)
        wait(lambda: len(mailbox(uid)) == 3, "not delivered")
        client = imap(uid, password)
        client.create("Archivo")
        client.select()
        client.copy("1", "Archivo")
        client.logout()
        demo.acusectl(places, "person", "cease", "43000001", "--document", "Memo 43")
        found = wait(lambda: api("GET", f"/v1/accounts/{uid}/archives")[1]["items"], "no copy was made")[0]
        self.assertEqual(found["messages"], 4)
        path = places.path(ARCHIVE, f"{uid}-{found['sha256']}.tar.zst")
        with open(path, "rb") as file:
            data = file.read()
        self.assertEqual((hashlib.sha256(data).hexdigest(), len(data)), (found["sha256"], found["bytes"]))
        self.assertEqual(os.stat(path).st_mode & 0o77, 0, "the copy is for root alone")
        self.assertEqual(os.listdir(places.path(ARCHIVE)).count(".work"), 0)
        history = [one["type"] for one in demo.acusectl(places, "account", "history", uid)["items"]]
        self.assertIn("account.archived", history)

        reader, its_password = person("43000002", "Noe")
        back = demo.acusectl(places, "account", "restore", uid, "--into", reader, "--document", "Oficio 7")
        self.assertEqual((back["messages"], back["folder"]), (4, f"restaurado/{uid}"))
        client = imap(reader, its_password)
        self.assertEqual(len(subjects(client, f"restaurado/{uid}/INBOX")), 3)
        self.assertEqual(len(subjects(client, f"restaurado/{uid}/Archivo")), 1)
        client.logout()

        # A copy that was touched gives nothing back.
        with open(path, "r+b") as file:
            file.seek(len(data) // 2)
            file.write(bytes([data[len(data) // 2] ^ 1]))
        status, problem = api("POST", f"/v1/accounts/{uid}/restore", {"into": reader, "document": "Oficio 8"})
        self.assertEqual((status, problem["code"]), (503, "unavailable"), problem)
        for body, status in (({"into": "nadie", "document": "x"}, 400), ({"into": uid, "document": "x"}, 400),
                             ({"into": reader, "document": "x", "archive": "0" * 64}, 404)):
            with self.subTest(body=body):
                self.assertEqual(api("POST", f"/v1/accounts/{uid}/restore", body)[0], status)
        self.assertEqual(api("POST", f"/v1/accounts/{reader}/restore", {"into": reader, "document": "x"})[0], 404)

    def test_a_long_way_back_goes_on(self):
        """What takes longer than a client of the API waits is told as pending, and is done all the same."""
        places = self.places
        uid, _ = person("43000004", "Lía")
        reader, its_password = person("43000005", "Eli")
        self.assertEqual(deliver(uid, "Acta larga")[0], 250)
        wait(lambda: len(mailbox(uid)) == 1, "not delivered")
        demo.acusectl(places, "person", "cease", "43000004", "--document", "Memo 43")
        wait(lambda: api("GET", f"/v1/accounts/{uid}/archives")[1]["items"], "no copy was made")
        script = places.path("dovecot", "libexec", "mailbox")
        with open(script, encoding="utf-8") as file:
            text = file.read()
        self.addCleanup(places.write, text, "dovecot", "libexec", "mailbox", mode=0o755)
        places.write(text.replace("\trestore\n", "\tsleep 22\n\trestore\n"), "dovecot", "libexec", "mailbox", mode=0o755)
        back = demo.acusectl(places, "account", "restore", uid, "--into", reader, "--document", "Oficio 9")
        self.assertEqual((back.get("pending"), back["folder"]), (True, f"restaurado/{uid}"))
        client = imap(reader, its_password)
        wait(lambda: len(subjects(client, f"restaurado/{uid}/INBOX")) == 1, "it did not go on", 30)
        client.logout()

    def test_the_mail_server_is_away(self):
        """The copy waits for it; the end of the account does not."""
        places = self.places
        uid, _ = person("43000003", "Ugo")
        processes.stop(places, "dovecot")
        try:
            demo.acusectl(places, "person", "cease", "43000003", "--document", "Memo 44")
            self.assertEqual(api("GET", f"/v1/accounts/{uid}")[1]["state"], "ceased")
            self.assertEqual(api("GET", f"/v1/accounts/{uid}/archives")[1]["items"], [])
        finally:
            servers.start_dovecot(places)
        wait(lambda: api("GET", f"/v1/accounts/{uid}/archives")[1]["items"], "no copy was made", 60)


class Late(Case):
    def test_mail_for_a_closed_mailbox_is_refused(self):
        uid, _ = person("43000010", "Ivo")
        self.assertEqual(deliver(uid, "A tiempo")[0], 250)
        demo.acusectl(self.places, "person", "cease", "43000010", "--document", "Memo 45")
        code, text, _ = deliver(uid, "Tarde")
        self.assertEqual(code, 550, text)

    def test_or_goes_to_the_office(self):
        with setting("provision", "[mailboxes]\n", "[mailboxes]\nafter_close=office\nafter_close_days=10\n"):
            uid, _ = person("43000011", "Eva")
            status, request = api("GET", f"/v1/accounts/{uid}")
            self.assertEqual(request["unit"], "Secretaría General", "the office of the fixture")
            demo.acusectl(self.places, "person", "cease", "43000011", "--document", "Memo 46")
            wait(lambda: deliver(uid, "Para la oficina")[0] == 250, "refused, and not for the office")
            wait(lambda: [one for one in mailbox(OFFICE) if "Para la oficina" in str(one["Subject"])],
                 "the office did not get it")
            daemons.kill(self.places, "provision")
            start_later("+9d")
            self.assertEqual(deliver(uid, "El día noveno")[0], 250)
            daemons.kill(self.places, "provision")
            start_later("+11d")
            wait(lambda: deliver(uid, "Pasado el plazo")[0] == 550, "still taken after its last day")


class Notifiers(Case):
    def test_who_comes_back_does_not_notify(self):
        """P12: a place on the list is not inherited from before the cessation."""
        uid, _ = person("43000020", "Leo")
        demo.acusectl(self.places, "notifier", "authorise", f"{uid}@{DOMAIN}", "--area", "Rentas", "--level", "Jefe",
                      "--document", "R 9")
        wait(lambda: api("GET", f"/v1/accounts/{uid}")[1]["notifier"], "not on the list", 5)
        demo.acusectl(self.places, "person", "cease", "43000020", "--document", "Memo 47")
        demo.acusectl(self.places, "person", "reinstate", "43000020", "--document", "R 10")
        wait(lambda: api("GET", f"/v1/accounts/{uid}")[1]["notifier"] is None, "back on the list", 5)
        self.assertEqual(api("GET", f"/v1/accounts/{uid}")[1]["state"], "active")

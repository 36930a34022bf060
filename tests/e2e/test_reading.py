"""D3: a mail that somebody opens inside the institution, with any client: noticed by Dovecot, told to the sender once."""
import glob
import imaplib
import os
import subprocess

from harness import *
from test_people import person


def imap(uid, password, folder="INBOX"):
    client = imaplib.IMAP4_SSL("127.0.0.1", Gateway.places.port("imaps"), ssl_context=demo.tls(Gateway.places))
    client.login(uid, password)
    status, text = client.select(f'"{folder}"')
    assert status == "OK", text
    return client


def send_from(who, password, to, subject, bcc=()):
    address = f"{who}@{DOMAIN}"
    mail = mails.make_plain(subject, address, to)
    mails.submit(Gateway.places, who, password, mail, to=[to, *bcc])
    wait(lambda: sends(str(mail["Message-ID"])), "not recorded")
    return str(mail["Message-ID"])


def number_of(client, message_id):
    """Its number in the folder, once it is delivered."""
    def look():
        client.noop()
        return client.search(None, "HEADER", "Message-ID", message_id)[1][0].split()
    return wait(look, "not delivered")[0]


def readings(message_id):
    return [one for one in events_of(message_id) if one["trust"] == "own-mailbox"]


def notices(uid, subject):
    return [one for one in mailbox(uid) if "abierto" in str(one["Subject"])
            and subject in one.get_content()]


def spool():
    return [path for path in glob.glob(Gateway.places.path("readings", "*")) if os.path.isfile(path)]


def rejected():
    return {os.path.basename(path) for path in glob.glob(Gateway.places.path("readings", "rejected", "*"))}


def drop(name, text, uid=UIDS["mail"]):
    Gateway.places.write(text, "readings", name, uid=uid, gid=UIDS["provision"], mode=0o640)


def run_barrier(test):
    """When the folder is empty, all that was there has been taken."""
    wait(lambda: not spool(), f"{test}: the folder of readings is not emptied")


class Reading(Case):
    @classmethod
    def setUpClass(cls):
        cls.uid, cls.password = person("48000001", "Abel")
        cls.rosa, cls.rosa_password = Gateway.person.uid, Gateway.person.password
        cls.to = f"{cls.uid}@{DOMAIN}"

    def test_10_opened_counts_and_is_told_once(self):
        subject = "Informe para abrir"
        message_id = send_from(self.rosa, self.rosa_password, self.to, subject)
        client = imap(self.uid, self.password)
        number = number_of(client, message_id)
        client.fetch(number, "(BODY.PEEK[])")
        client.fetch(number, "(FLAGS ENVELOPE)")
        client.store(number, "+FLAGS", r"(\Flagged)")
        run_barrier("peek")
        self.assertEqual(readings(message_id), [], "a preview is no reading")
        client.fetch(number, "(BODY[])")
        found = wait(lambda: readings(message_id), "the reading is not recorded")
        self.assertEqual([(one["event"], one["recipient"], one["counts"], one["read_by"]) for one in found],
                         [("read", self.to, True, self.uid)])
        send = sends(message_id)[0]
        self.assertEqual([one["state"] for one in send["deliveries"]], ["read"])
        wait(lambda: notices(self.rosa, subject), "the sender was not told")
        # Unread and read again, by STORE this time: once is once.
        client.store(number, "-FLAGS", r"(\Seen)")
        client.store(number, "+FLAGS", r"(\Seen)")
        client.logout()
        wait(lambda: not spool(), "not taken")
        self.assertEqual(len(readings(message_id)), 1)
        self.assertEqual(len(notices(self.rosa, subject)), 1)
        demo.acusectl(self.places, "ledger", "verify")

    def test_11_marked_by_store(self):
        message_id = send_from(self.rosa, self.rosa_password, self.to, "Marcado")
        client = imap(self.uid, self.password)
        client.store(number_of(client, message_id), "+FLAGS", r"(\Seen)")
        client.logout()
        wait(lambda: readings(message_id), "the reading is not recorded")

    def test_20_own_copies_do_not_count(self):
        """Bcc to oneself, and the copy in a folder of sent mail."""
        subject = "Copia propia"
        own = f"{self.rosa}@{DOMAIN}"
        message_id = send_from(self.rosa, self.rosa_password, self.to, subject, bcc=[own])
        client = imap(self.rosa, self.rosa_password)
        number = number_of(client, message_id)
        client.create("Sent")
        client.copy(number, "Sent")
        client.fetch(number, "(BODY[])")
        client.select("Sent")
        client.store("1:*", "-FLAGS", r"(\Seen)")
        client.fetch("1", "(BODY[])")
        client.logout()
        run_barrier("own copies")
        self.assertEqual(readings(message_id), [])
        self.assertEqual(notices(self.rosa, subject), [])

    def test_30_an_office_counts_once_and_says_who(self):
        subject = "Para la oficina"
        message_id = send_from(self.uid, self.password, OFFICE_ADDRESS, subject)
        client = imap(self.rosa, self.rosa_password, f"oficinas/{OFFICE}")
        client.fetch(number_of(client, message_id), "(BODY[])")
        found = wait(lambda: readings(message_id), "the reading is not recorded")
        self.assertEqual([(one["recipient"], one["read_by"]) for one in found], [(OFFICE_ADDRESS, self.rosa)])
        told = wait(lambda: notices(self.uid, subject), "the sender was not told")
        self.assertIn(self.rosa, told[0].get_content())
        # The proof of it stands off line.
        bundle = self.places.path("work", "reading.asice")
        demo.acusectl(self.places, "proof", "export", sends(message_id)[0]["id"], "-o", bundle, parse=False)
        demo.acusectl(self.places, "proof", "verify", bundle, "--trust", self.places.ca, parse=False)
        # Who sent it and reads it there has read nothing new.
        own = send_from(self.rosa, self.rosa_password, OFFICE_ADDRESS, "Propio en la oficina")
        client.fetch(number_of(client, own), "(BODY[])")
        client.logout()
        run_barrier("the sender in the office")
        self.assertEqual(readings(own), [])

    def test_40_bad_files_change_nothing(self):
        message_id = send_from(self.rosa, self.rosa_password, self.to, "Sin abrir")
        send_id, bare = sends(message_id)[0]["id"], message_id.strip("<>")
        other, _ = person("48000002", "Beto")
        good = f"1 read\n{self.uid}\nINBOX\n{send_id}\n<{bare}>\n"
        cases = {
            "garbage": os.urandom(300), "empty": "", "huge": good + "x" * 5000,
            "version": good.replace("1 read", "2 read"), "cut": good[:-1], "more": good + "more\n",
            "slash": good.replace(self.uid, "../" + self.uid), "control": good.replace("INBOX", "IN\x01BOX"),
            "no-send": good.replace(send_id, "0" * len(send_id)), "odd-id": good.replace(send_id, "../" + send_id),
            "other-id": good.replace(bare, "otro@" + DOMAIN), "other-mailbox": good.replace(self.uid, other),
            "nobody": good.replace(self.uid, "nadie"),
            "not-his-office": good.replace("INBOX", f"oficinas/{OFFICE}"),
            "odd-office": good.replace("INBOX", "oficinas/../x"),
        }
        before = wait(lambda: [one for one in sends(message_id) if one["state"] == "released"], "not released")[0]["leaves"]
        for name, text in cases.items():
            drop(name, text)
        drop("other-owner", good, uid=UIDS["citizen"])
        os.symlink("/etc/passwd", self.places.path("readings", "link"))
        os.mkfifo(self.places.path("readings", "fifo"))
        os.mkdir(self.places.path("readings", "folder"))  # passed over
        names = {*cases, "other-owner", "link", "fifo"}
        try:
            wait(lambda: names <= rejected(), "not moved aside")
        except Failure:
            self.fail(f"not moved aside: {names - rejected()}")
        self.assertEqual(readings(message_id), [])
        self.assertEqual(sends(message_id)[0]["leaves"], before)
        with open(self.places.log("provision"), encoding="utf-8", errors="replace") as file:
            log = file.read()
        for name in names:
            self.assertIn(f"file={name} ", log)
        drop("good", good)
        wait(lambda: readings(message_id), "a good file behind them is not taken")

    def test_50_the_nightly_repair(self):
        """Nothing could be noted for a while; the repair finds what was opened, and only that."""
        places = self.places
        opened = send_from(self.rosa, self.rosa_password, self.to, "Abierto sin aviso")
        closed = send_from(self.rosa, self.rosa_password, self.to, "Nunca abierto")
        client = imap(self.uid, self.password)
        number = number_of(client, opened)
        number_of(client, closed)
        os.chmod(places.path("readings"), 0o500)
        os.chown(places.path("readings"), 0, 0)
        try:
            client.fetch(number, "(BODY[])")
        finally:
            os.chown(places.path("readings"), UIDS["mail"], UIDS["provision"])
            os.chmod(places.path("readings"), 0o2770)
        client.logout()
        run_barrier("nothing noted")
        self.assertEqual(readings(opened), [])
        for _ in range(2):
            subprocess.run([places.path("dovecot", "libexec", "reading-repair")], check=True)
            wait(lambda: readings(opened), "the repair did not find it")
            run_barrier("repair")
        self.assertEqual(len(readings(opened)), 1)
        self.assertEqual(readings(closed), [])

    def test_60_provisiond_is_away(self):
        """What was opened meanwhile is recorded when it is back; the client does not wait for it."""
        message_id = send_from(self.rosa, self.rosa_password, self.to, "Abierto a solas")
        client = imap(self.uid, self.password)
        number = number_of(client, message_id)
        with down("provision"):
            began = time.monotonic()
            client.fetch(number, "(BODY[])")
            self.assertLess(time.monotonic() - began, 2)
        client.logout()
        wait(lambda: readings(message_id), "the reading is lost")

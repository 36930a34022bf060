"""People whom another program put into the directory become accounts: one, and a list; nothing of them is lost."""
import subprocess

from harness import *
from test_directory import dn_of, found, ldif, reconcile

class Adoption(Case):
    """A person whom another program put into the directory, with a password of her own."""
    ENTRY = ("dn: {dn}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {given} Rojas Soto\nsn: Rojas Soto\n"
             "givenName: {given}\n{mail}title: Cajera\nou: Tesoreria\nroomNumber: 204\n{password}\n")

    def add(self, uid, given, mail=True):
        address = f"mail: {uid}@{DOMAIN}\n" if mail else ""
        ldif(self.ENTRY.format(dn=dn_of(uid), uid=uid, given=given, mail=address, password="userPassword: Antigua-2026.x\n"))

    def refused(self, *words):
        done = subprocess.run([self.places.path("bin", "acusectl"), *words], capture_output=True, text=True, check=False,
                       env=dict(os.environ, ACUSE_API=self.places.api))
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    def test_adopted(self):
        self.add("lrojas", "Lucia")
        self.assertFalse(demo.smtp_login(self.places, "lrojas", "Antigua-2026.x"), "no account of ours logs in yet")
        words = ("account", "adopt", "lrojas", "--dni", "44000100", "--maternal-surname", "Soto", "--document", "Acta 4")
        shown = demo.acusectl(self.places, *words, "--dry-run")
        self.assertEqual((shown["dry_run"], shown["items"][0]["paternal_surname"], shown["items"][0]["problem"]), (True, "Rojas", None))
        self.assertEqual(api("GET", "/v1/accounts/lrojas")[0], 404)
        demo.acusectl(self.places, *words)
        account = api("GET", "/v1/accounts/lrojas")[1]
        self.assertEqual([account[name] for name in ("state", "dni", "given_names", "maternal_surname", "post", "unit")],
                         ["active", "44000100", "Lucia", "Soto", "Cajera", "Tesoreria"])
        wait(lambda: demo.smtp_login(self.places, "lrojas", "Antigua-2026.x"), "her password does not go on", 10)
        mail = mails.make_plain("Adoptada", f"lrojas@{DOMAIN}", OFFICE_ADDRESS)
        code, text = reply_of(lambda: mails.submit(self.places, "lrojas", "Antigua-2026.x", mail))
        self.assertEqual(code, 250, text)
        self.assert_recorded_once(str(mail["Message-ID"]))
        self.assertEqual([one["type"] for one in demo.acusectl(self.places, "account", "history", "lrojas")["items"]],
                         ["account.adopted"])
        self.assertEqual(found(reconcile("--dry-run"), "lrojas"), {})
        demo.acusectl(self.places, "person", "cease", "44000100", "--document", "Memo 9")
        wait(lambda: not demo.smtp_login(self.places, "lrojas", "Antigua-2026.x"), "she still logs in", 10)

    def test_a_list(self):
        for uid, given, mail in (("mrojas", "Marta", True), ("nrojas", "Nora", True), ("orojas", "Olga", False)):
            self.add(uid, given, mail)
        text = "uid,dni,maternal_surname\nmrojas,44000101,Soto\nnrojas,44000102,Soto\n"
        path = self.places.write(text + "orojas,44000103,Soto\n", "work", "adopt.csv")
        shown = demo.acusectl(self.places, "account", "adopt-list", path, "--document", "Acta 5", "--dry-run")
        self.assertEqual([one["line"] for one in shown["items"]], [2, 3, 4])
        self.assertIn("mail", shown["items"][2]["problem"])
        self.assertIn("orojas", self.refused("account", "adopt-list", path, "--document", "Acta 5"))
        self.assertEqual(api("GET", "/v1/accounts/mrojas")[0], 404, "all or none")
        path = self.places.write(text, "work", "adopt.csv")
        demo.acusectl(self.places, "account", "adopt-list", path, "--document", "Acta 5")
        for uid in ("mrojas", "nrojas"):
            self.assertEqual(api("GET", f"/v1/accounts/{uid}")[1]["state"], "active")
        self.assertIn("DNI", self.refused("account", "adopt", "orojas", "--dni", "44000101", "--document", "Acta 5"))

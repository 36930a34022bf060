"""The directory's rights: each service sees and writes what its work needs, tried with what it must not."""
import base64
import imaplib
import pwd
import subprocess

from harness import *
from places import BASE
from test_accounts import form

HOLDERS = {name: UIDS[name] for name in ("provision", "outgoing", "evidence")} | {"nobody": 65534}
MAPS = {"uid", "mail", "acuseState", "acuseKind", "cn"}
SHOWN = MAPS | {"title", "ou", "givenName", "sn"}
# What each reads of a person's entry, of all that is asked.
READS = {"provision": SHOWN | {"acuseDni"}, "outgoing": SHOWN, "evidence": SHOWN, "dovecot": MAPS, "postfix": MAPS, "nobody": set()}
ASKED = sorted(SHOWN | {"acuseDni", "userPassword", "pwdHistory", "pwdFailureTime"})


def uid_of(name):
    return HOLDERS[name] if name in HOLDERS else pwd.getpwnam(name).pw_uid


def run(name, program, *words, text=None):
    argv = processes.as_user(uid_of(name)) if name != "root" else []
    return subprocess.run(argv + [program, "-Q", "-Y", "EXTERNAL", "-H", Gateway.places.ldapi_uri, *words], input=text,
                          capture_output=True, text=True, check=False)


def attributes(text):
    return {line.split(":")[0] for line in text.splitlines() if ":" in line and not line.startswith(("dn:", "#"))}


def search(name, base, *asked):
    return run(name, "ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-b", base, "(objectClass=*)", *asked).stdout


class Rights(Case):
    @classmethod
    def setUpClass(cls):
        cls.uid, cls.first = demo.create_account(Gateway.places, form(dni="46000001", given_names="Vera", tramite="2026-460001"))
        cls.dn = f"uid={cls.uid},ou=people,{BASE}"

    def test_reads_of_a_person(self):
        for name, allowed in READS.items():
            with self.subTest(name):
                self.assertEqual(attributes(search(name, self.dn, *ASKED)), allowed)

    def test_reads_of_the_rest(self):
        """Reserved names are for who reserves; services, policies and the log of changes for root alone."""
        self.assertIn("cn", attributes(search("provision", "ou=names," + BASE, "cn")))
        for name in READS:
            for base in ("ou=services," + BASE, "ou=policies," + BASE, "cn=accesslog", "cn=config"):
                with self.subTest(name, base=base):
                    self.assertEqual(attributes(search(name, base, "*", "+")), set())
            if name != "provision":
                with self.subTest(name):
                    self.assertEqual(attributes(search(name, "ou=names," + BASE)), set())

    def test_the_log_of_changes_has_them_and_hides_its_hashes(self):
        text = search("root", "cn=accesslog", "reqDN", "reqAuthzID", "reqMod")
        self.assertIn("reqDN: " + self.dn, text)
        self.assertIn("cn=provision,ou=services", text)
        values = [base64.b64decode(line.split()[1]) for line in text.splitlines() if line.startswith("reqMod:: ")]
        self.assertTrue(any(value.startswith(b"userPassword:= {ARGON2}") for value in values), "what is hidden is there")
        for name in READS:
            self.assertEqual(attributes(search(name, "cn=accesslog", "reqMod", "reqOld")), set(), name)

    def test_no_filter_guesses_what_cannot_be_read(self):
        """A filter on a hidden attribute finds nobody, or it would be read letter by letter."""
        for name in ("outgoing", "evidence", "dovecot", "postfix", "nobody"):
            for condition in ("(acuseDni=46000001)", "(userPassword=*)", "(pwdHistory=*)"):
                with self.subTest(name, condition=condition):
                    done = run(name, "ldapsearch", "-LLL", "-b", BASE, condition, "dn")
                    self.assertNotIn("dn:", done.stdout)
        self.assertIn("dn:", run("provision", "ldapsearch", "-LLL", "-b", BASE, "(acuseDni=46000001)", "dn").stdout)

    def test_writes(self):
        """Refused for want of rights (50), or since to them there is no such entry (32)."""
        names = "ou=names," + BASE
        changes = {"post": (self.dn, "modify", "replace: title\ntitle: Alcaldesa"),
                   "state": (self.dn, "modify", "replace: acuseState\nacuseState: active"),
                   "password": (self.dn, "modify", "replace: userPassword\nuserPassword: Robada-2026.x"),
                   "delete": (self.dn, "delete", ""),
                   "person": (f"uid=intruso,ou=people,{BASE}", "add",
                              f"objectClass: inetOrgPerson\nuid: intruso\ncn: x\nsn: x\nmail: intruso@{DOMAIN}"),
                   "name": ("cn=intruso," + names, "add", "objectClass: acuseName\ncn: intruso\nacuseHolder: x"),
                   "policy": (f"cn=default,ou=policies,{BASE}", "modify", "replace: pwdMinLength\npwdMinLength: 1"),
                   "service": (f"cn=provision,ou=services,{BASE}", "modify", "replace: description\ndescription: x")}
        for name in READS:
            for what, (dn, kind, rest) in changes.items():
                if name == "provision" and what not in ("policy", "service"):
                    continue
                with self.subTest(name, what=what):
                    done = run(name, "ldapmodify", text=f"dn: {dn}\nchangetype: {kind}\n{rest}\n")
                    self.assertIn(done.returncode, (50, 32), done.stderr)
        self.assertEqual(api("GET", f"/v1/accounts/{self.uid}")[1]["post"], demo.FORM_01["post"])

    def test_a_person_and_a_stranger(self):
        """Who logs in by a password reads nothing, not even of the own entry; nobody does without one."""
        self.assertEqual(demo.change_password(self.places, self.uid, self.first, "Nueva-2026.x"), 200)
        uri = f"ldap://127.0.0.1:{self.places.port('ldap')}/"
        for words in (["-x"], ["-x", "-D", self.dn, "-w", "Nueva-2026.x"]):
            done = subprocess.run(["ldapsearch", "-LLL", "-H", uri, *words, "-b", BASE], capture_output=True, text=True, check=False)
            self.assertEqual(attributes(done.stdout), set(), words[:2])
        change = f"dn: {self.dn}\nchangetype: modify\nreplace: title\ntitle: Alcaldesa\n"
        done = subprocess.run(["ldapmodify", "-H", uri, "-x", "-D", self.dn, "-w", "Nueva-2026.x"], input=change,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 50, done.stderr)

    def test_no_way_round_the_rule_of_passwords(self):
        """The directory itself asks it of each change, whoever makes it; what it cannot read it does not take."""
        uid, first = demo.create_account(self.places, form(dni="46000002", given_names="Olga", tramite="2026-460002"))
        dn, uri = f"uid={uid},ou=people,{BASE}", f"ldap://127.0.0.1:{self.places.port('ldap')}/"
        owner = ["ldapmodify", "-H", uri, "-x", "-D", dn, "-w"]
        hashed = "{SSHA}" + base64.b64encode(bytes(24)).decode()

        def change(argv, attribute, value):
            text = f"dn: {dn}\nchangetype: modify\nreplace: {attribute}\n" + (f"{attribute}: {value}\n" if value else "")
            return subprocess.run(argv, input=text, capture_output=True, text=True, check=False).returncode

        self.assertEqual(change(owner + [first], "title", "Alcaldesa"), 50, "before the first change it changes itself alone")
        self.assertNotEqual(change(owner + [first], "pwdReset", None), 0)
        service = processes.as_user(UIDS["provision"]) + ["ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", self.places.ldapi_uri]
        for value in ("corta", "sololetras", "1234567890", hashed, "{CLEARTEXT}corta"):
            with self.subTest(value):
                self.assertEqual(change(owner + [first], "userPassword", value), 19, "by the owner")
                self.assertEqual(change(service, "userPassword", value), 19, "by acuse-provisiond's own service")
        self.assertFalse(demo.smtp_login(self.places, uid, first), "submission, before it is changed")
        with self.assertRaises(imaplib.IMAP4.error, msg="IMAP, before it is changed"):
            imaplib.IMAP4_SSL("127.0.0.1", self.places.port("imaps"), ssl_context=demo.tls(self.places)).login(uid, first)
        self.assertEqual(change(owner + [first], "userPassword", "Propia-2026.x"), 0)
        wait(lambda: demo.smtp_login(self.places, uid, "Propia-2026.x"), "cannot log in")
        self.assertEqual(change(owner + ["Propia-2026.x"], "userPassword", "Propia-2026.x"), 19, "the same again")
        self.assertEqual(change(owner + ["Propia-2026.x"], "userPassword", first), 19, "one that was used before")
        for attribute in ("pwdPolicySubentry", "pwdReset", "pwdAccountLockedTime", "acuseState", "acuseValidUntil"):
            with self.subTest(attribute):
                self.assertNotEqual(change(owner + ["Propia-2026.x"], attribute, None), 0)

    def test_no_other_policy_for_one_account(self):
        """What slapo-ppolicy keeps of an entry. acuse-provisiond writes pwdReset (forced change) and pwdAccountLockedTime (suspended, ceased),
        by which it can only close; which policy holds is said by root of the machine alone, also of an entry that is just added."""
        uid, first = demo.create_account(self.places, form(dni="46000003", given_names="Nora", tramite="2026-460003"))
        dn, lax = f"uid={uid},ou=people,{BASE}", f"cn=laxa,ou=people,{BASE}"
        self.assertEqual(demo.change_password(self.places, uid, first, "Propia-2026.x"), 200)
        kept = {"pwdPolicySubentry": lax, "pwdReset": "TRUE", "pwdAccountLockedTime": "000001010000Z"}
        uri = f"ldap://127.0.0.1:{self.places.port('ldap')}/"

        def change(attribute, verb, value, name=None):
            text = f"dn: {dn}\nchangetype: modify\n{verb}: {attribute}\n" + (f"{attribute}: {value}\n" if value else "")
            if name:
                return run(name, "ldapmodify", text=text).returncode
            return subprocess.run(["ldapmodify", "-H", uri, "-x", "-D", dn, "-w", "Propia-2026.x"], input=text,
                                  capture_output=True, text=True, check=False).returncode

        for attribute, value in kept.items():
            with self.subTest("owner", attribute=attribute):
                self.assertEqual(change(attribute, "replace", value), 50)
            for name in ("outgoing", "evidence", "dovecot", "postfix", "nobody"):
                with self.subTest(name, attribute=attribute):
                    self.assertIn(change(attribute, "replace", value, name), (50, 32))
        with self.subTest("provision"):
            self.assertEqual(change("pwdPolicySubentry", "replace", lax, "provision"), 50)
            self.assertEqual(change("pwdPolicySubentry", "add", f"cn=default,ou=policies,{BASE}", "provision"), 50)
        person = "objectClass: inetOrgPerson\nuid: intrusa\ncn: x\nsn: x\nmail: intrusa@" + DOMAIN
        added = run("provision", "ldapadd", text=f"dn: uid=intrusa,ou=people,{BASE}\n{person}\npwdPolicySubentry: {lax}\nuserPassword: corta\n")
        self.assertEqual(added.returncode, 50, added.stderr)
        self.assertTrue(demo.smtp_login(self.places, uid, "Propia-2026.x"), "something was changed all the same")

"""acusectl check: says each wrong setting of Postfix, and nothing of a good one."""
import shutil
import subprocess

from harness import *

# (file, what is changed, to what, the word of the finding)
BROKEN = (
    ("main.cf", "milter_default_action = tempfail", "milter_default_action = accept", "tempfail"),
    ("main.cf", "smtpd_milters = unix:acuse/evidence.sock", "smtpd_milters =", "smtpd_milters"),
    ("main.cf", "recipient_delimiter = +", "recipient_delimiter =", "recipient_delimiter"),
    ("master.cf", "=SUBMISSION", "=OTHER", "SUBMISSION"),
    ("master.cf", "=INBOUND", "=OTHER", "INBOUND"),
    ("master.cf", "=INTERNAL", "=OTHER", "INTERNAL"),
    ("master.cf", "=LOCAL", "=OTHER", "LOCAL"),
    ("master.cf", "-o smtpd_command_filter=", "-o syslog_name=", "smtpd_command_filter"),
    ("master.cf", "-o smtpd_milters=", "-o syslog_name=", "smtpd_milters"),
    ("master.cf", "-o non_smtpd_milters=", "-o syslog_name=", "non_smtpd_milters"),
)


class Check(Case):
    def bad(self, config):
        """What is bad about Postfix, when it is set up as the folder says."""
        with open(self.places.path("acuse", "acuse.conf"), encoding="utf-8") as file:
            text = file.read()
        settings = self.places.write(text.replace(self.places.path("postfix", "etc"), config), "work",
                                     "check.conf")
        said = subprocess.run([self.places.path("bin", "acusectl"), "--config", settings, "--json", "check"],
                              capture_output=True, text=True, check=False,
                              env=dict(os.environ, ACUSE_API=self.places.api))
        return [one["text"] for one in json.loads(said.stdout)["items"]
                if one["level"] == "bad" and " = " in one["text"]]

    def test_postfix(self):
        self.assertEqual(self.bad(self.places.path("postfix", "etc")), [])
        for name, old, new, word in BROKEN:
            with self.subTest(broken=old):
                folder = self.places.path("work", "broken")
                shutil.copytree(self.places.path("postfix", "etc"), folder)
                try:
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as file:
                        text = file.read()
                    self.assertIn(old, text)
                    with open(path, "w", encoding="utf-8") as file:
                        file.write(text.replace(old, new))
                    self.assertTrue([one for one in self.bad(folder) if word in one])
                finally:
                    shutil.rmtree(folder)


class Calendar(Case):
    def test_files_that_are_none(self):
        for path in ("/dev/zero", "/tmp", "/nonexistent"):
            with self.subTest(path=path), self.assertRaisesRegex(Failure, "invalid"):
                demo.acusectl(self.places, "calendar", "check", "--file", path, parse=False)


class Scopes(Case):
    REAL = (f"mailbox:{OFFICE_ADDRESS}", "unit:secretaria  GENERAL", f"domain:{CITIZEN.partition('@')[2]}", "domain:gmail.com")
    # (scope, what is said of it)
    WRONG = (
        (f"mailbox:secretaria.genral@{DOMAIN}", f"no existe ese buzón, y el grupo no tiene efecto. Quizá sea: {OFFICE_ADDRESS}"),
        (f"mailbox:nadie-de-aqui@{DOMAIN}", "no existe ese buzón, y el grupo no tiene efecto. Revise el nombre"),
        ("unit:Secretaria Genral", "ninguna cuenta es de esa unidad, y el grupo no tiene efecto. Quizá sea: Secretaría General"),
        ("unit:Puerto", "ninguna cuenta es de esa unidad, y el grupo no tiene efecto. Revise el nombre"),
        ("domain:ciudadano", "no es un dominio, y el grupo no tiene efecto"),
        ("domain:.sunat.gob.pe", "no es un dominio"),
        ("domain:sunat..gob.pe", "no es un dominio"),
        ("domain:sunat_gob.pe", "no es un dominio"),
        ("domain:192.0.2.1", "no es un dominio"),
        ("domain:gmial.com", "quizá nadie recibe correo en ese dominio, y el grupo no tiene efecto. Quizá sea: gmail.com"),
        (f"domain:{DOMAIN}t", f"Quizá sea: {DOMAIN}"),
    )

    def told(self, text):
        settings = self.places.write(text, "work", "scopes.conf")
        said = subprocess.run([self.places.path("bin", "acusectl"), "--config", settings, "--json", "check"],
                              capture_output=True, text=True, check=False, env=dict(os.environ, ACUSE_API=self.places.api))
        return settings, [one for one in json.loads(said.stdout)["items"] if one["part"] == "policy"]

    def test_names_that_nothing_has(self):
        """Its group would have no effect, unseen."""
        with open(self.places.path("acuse", "acuse.conf"), encoding="utf-8") as file:
            text = file.read()
        lines = {}
        for scope in self.REAL + tuple(scope for scope, _ in self.WRONG):
            lines[scope] = text.count("\n") + 1
            text += f"[policy {scope}]\np3=warn\n"
        path, found = self.told(text)
        self.assertEqual(len(found), len(self.WRONG), found)
        for (scope, words), one in zip(self.WRONG, found):
            with self.subTest(scope=scope):
                self.assertEqual(one["level"], "warning")
                self.assertTrue(one["text"].startswith(f"{path}:{lines[scope]}: [policy {scope}]: "), one["text"])
                self.assertIn(words, one["text"])


class Settings(Case):
    """A wrong acuse.conf stops every program, with the line, the group, the key and the reason."""
    # (what is appended, where it is wrong, counted from there, what is said)
    WRONG = (
        ("[policy unit:x]\np3=off\np4=off\np3=warn\n", 4, r"\[policy unit:x\] p3: stands twice, first in line \d+"),
        ("[institution]\n", 1, r"\[institution\]: stands twice, first in line 1"),
        ("[polisy]\np3=off\n", 1, r"\[polisy\]: no such group; the nearest is \[policy\]"),
        ("[signature]\nlogos=/x\n", 2, r"\[signature\] logos: no such setting; the nearest is logo"),
        ("[signature]\nposition=top\n", 2, r"\[signature\] position: must be one of: end before_quote"),
        ("[password]\nmax_age_days=0\n", 2, r"\[password\] max_age_days: must be a whole number from 1 to 3650"),
        ("[naming]\nfirst_number\n", 2, r"neither a \[group\], a setting nor a comment"),
    )
    # What only those judge that use it.
    JUDGED = (
        ("[policy unit]\np3=off\n", 1, r"\[policy unit\]: must be unit:NAME, domain:NAME or mailbox:NAME@",
         ("provision", "outgoing", "evidence", "acusectl")),
        ("[policy unit:X]\np3=off\n[policy unit:x]\np3=warn\n", 3, r"\[policy unit:x\]: stands twice",
         ("provision", "outgoing", "evidence", "acusectl")),
        ("[signature]\nlogo=/nowhere.png\n", 2, r"\[signature\] logo: .*nowhere", ("outgoing", "evidence", "acusectl")),
    )

    def run_with(self, name, path):
        argv = daemons.argv_of(self.places, name) if name != "acusectl" else \
            [self.places.path("bin", "acusectl"), "--config", path, "check"]
        argv = [path if one == self.places.path("acuse", "acuse.conf") else one for one in argv]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60,
                              env=dict(os.environ, ACUSE_API=self.places.api))
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stdout + done.stderr

    def assert_said(self, lines, offset, words, names):
        with open(self.places.path("acuse", "acuse.conf"), encoding="utf-8") as file:
            text = file.read()
        path = self.places.write(text + lines, "work", "wrong.conf")
        place = f"{re.escape(path)}:{text.count(chr(10)) + offset}: "
        for name in names:
            with self.subTest(program=name, lines=lines):
                self.assertRegex(self.run_with(name, path), place + words)

    def test_everywhere(self):
        for lines, offset, words in self.WRONG:
            self.assert_said(lines, offset, words, (*daemons.DAEMONS, "acusectl"))

    def test_who_uses_it(self):
        for lines, offset, words, names in self.JUDGED:
            self.assert_said(lines, offset, words, names)


    def test_a_template_without_its_items(self):
        """The four of the article: nobody sends a block that lacks one."""
        whole = {"text": "{name}\n{post}\n{institution}\n{extension}\n", "html": "<p>{name}, {unit}, {institution}, {phone}</p>\n"}
        for kind, text in whole.items():
            for item, lack in (("{name}", "{name}"), ("{institution}", "{institution}"), ("{post}", "{post} or {unit}"),
                               ("{unit}", "{post} or {unit}"), ("{extension}", "{extension} or {phone}"),
                               ("{phone}", "{extension} or {phone}")):
                if item not in text:
                    continue
                with self.subTest(kind=kind, item=item):
                    path = self.places.write(text.replace(item, ""), "work", "template")
                    os.chmod(path, 0o644)
                    self.assert_said(f"[signature]\n{kind}_template={path}\n", 2,
                                     rf"\[signature\] {kind}_template: .*{re.escape(lack)} is missing", ("acusectl",))
        self.assert_said(f"[signature]\nhtml_template={path}\n", 2, r"\[signature\] html_template: .* is missing",
                         ("outgoing", "evidence"))


class SignaturePreview(Case):
    """acusectl signature preview, by people and settings that may, and that may not."""

    def preview(self, account, *before, **options):
        return subprocess.run([*before, self.places.path("bin", "acusectl"), "--config", self.places.path("acuse", "acuse.conf"),
                               "--json", "signature", "preview", account], capture_output=True, text=True, check=False,
                              env=dict(os.environ, ACUSE_API=self.places.api), **options)

    def test_text_and_html(self):
        for account in (Gateway.person.uid, OFFICE):
            with self.subTest(account=account):
                said = json.loads(self.preview(account).stdout)
                for kind in ("text", "html"):
                    self.assertIn("Rosa Morales Aranda", said[kind])
                    self.assertIn("Municipalidad Distrital de Prueba", said[kind])
                self.assertNotIn("<", said["text"])

    def test_an_account_that_is_not_there(self):
        said = self.preview("nadie")
        self.assertEqual((said.returncode, said.stdout), (1, ""))
        self.assertIn("not-found", said.stderr)

    def test_who_has_no_role(self):
        said = self.preview(Gateway.person.uid, "runuser", "-u", "nobody", "--")
        self.assertEqual((said.returncode, said.stdout), (1, ""))
        self.assertIn("forbidden", said.stderr)

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

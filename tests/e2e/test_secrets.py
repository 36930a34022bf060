"""What was typed and made in the whole run stands in no log and on no command line. Runs last in each group (tests/e2e/run).

PINs and passwords: in no log of any server, as they are or in base64 as SMTP and IMAP carry them. Return tokens: in no log
of Acuse's own programs. They are envelope addresses, which Postfix writes into its own log as it does with every mail.
"""
import base64
import os
import re

from harness import *

# The form of a first password (account_password_new).
GENERATED = re.compile(rb"(?<![\w+-])[a-hjkmnp-z2-9+]{4}(?:-[a-hjkmnp-z2-9+]{4}){4}(?![\w+-])")
OWN_LOGS = ("outgoing", "evidence", "signer", "provision")
SHORT = 8  # characters: shorter words may stand in a log by chance


def noted(function, *positions):
    """The function, which also notes the passwords among its arguments."""
    def note_and_call(*arguments, **more):
        typed.update(arguments[at] for at in positions if at < len(arguments))
        return function(*arguments, **more)
    return note_and_call


typed = {demo.NEW_PASSWORD}
# Every module is loaded before the first test runs, so all that the tests type goes through these.
demo.change_password = noted(demo.change_password, 2, 3)
demo.smtp_login = noted(demo.smtp_login, 2)


def forms(word):
    """A secret as it may be written."""
    raw = word.encode()
    plain = [base64.b64encode(b"\0" + uid + b"\0" + raw) for uid in (b"rmoralesa", Gateway.person.uid.encode())]
    return {raw, base64.b64encode(raw), raw.hex().encode(), *plain}


def tokens():
    found, after = set(), ""
    while True:
        status, page = api("GET", "/v1/sends?limit=1000" + after)
        if status != 200:
            raise Failure(f"GET /v1/sends: {status} {page}")
        found.update(one["token"] for one in page["items"] if one["token"])  # a purged send has none
        if not page["next"]:
            return found
        after = "&after=" + page["next"]


class Secrets(Case):
    def logs(self, names=None):
        folder = self.places.path("log")
        for name in sorted(os.listdir(folder)):
            if names is None or name.removesuffix(".log") in names:
                with open(os.path.join(folder, name), "rb") as file:
                    yield name, file.read()

    def assert_absent(self, secrets, texts, what):
        for name, text in texts:
            for secret in secrets:
                for form in forms(secret):
                    self.assertFalse(form in text, f"{what} stands in {name}")

    def command_lines(self):
        for name, (pid, _) in self.places.state["processes"].items():
            if not processes.is_running(self.places, name):
                continue
            children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
            for one in (str(pid), *children):
                for part in ("cmdline", "environ"):
                    with contextlib.suppress(OSError):
                        with open(f"/proc/{one}/{part}", "rb") as file:
                            yield f"{part} of {name} ({one})", file.read()

    def test_there_is_something_to_search(self):
        names = [name for name, text in self.logs(OWN_LOGS) if text]
        self.assertEqual(len(names), len(OWN_LOGS), names)
        self.assertTrue(tokens())
        self.assertGreaterEqual(len([one for one, _ in self.command_lines()]), len(OWN_LOGS))
        self.assertTrue(GENERATED.search(b'password="ab2c-defg-h3jk-mnpq-rs+t"'))

    def test_pins(self):
        self.assert_absent(self.places.state["pins"].values(), self.logs(), "a PIN")

    def test_passwords(self):
        self.assert_absent([word for word in typed if len(word) >= SHORT], self.logs(), "a password")
        for name, text in self.logs():
            self.assertIsNone(GENERATED.search(text), f"a first password stands in {name}")

    def test_tokens(self):
        self.assert_absent(tokens(), self.logs(OWN_LOGS), "a return token")

    def test_command_lines(self):
        secrets = [*self.places.state["pins"].values(), *(word for word in typed if len(word) >= SHORT), *tokens()]
        self.assert_absent(secrets, self.command_lines(), "a secret")

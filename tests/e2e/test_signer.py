"""The signer signs the very bytes that a permit names, for the outgoing milter alone."""
import hashlib
import hmac
import secrets
import subprocess

from harness import *

HERE = os.path.dirname(os.path.abspath(__file__))


def content(sender=OFFICE_ADDRESS):
    return (f'Content-Type: text/plain; charset=utf-8; hp="clear"\r\nFrom: {sender}\r\n'
            f"To: {CITIZEN}\r\nSubject: Prueba\r\n\r\nHola.\r\n").encode()


def permit(data, mailbox=OFFICE_ADDRESS, life_s=30, key=None):
    """What provisiond would write: the test may read the key, being root."""
    if key is None:
        with open(Gateway.places.path("acuse", "permit.key"), "rb") as file:
            key = file.read()
    text = f"1 prueba{secrets.token_hex(8)} {mailbox} {hashlib.sha256(data).hexdigest()} " \
           f"{int(time.time()) + life_s} "
    return text + hmac.new(key, b"acuse-permit-1 " + text.rstrip().encode(), "sha256").hexdigest()


def ask(words, data, uid=UIDS["outgoing"]):
    places = Gateway.places
    script = places.write(open(os.path.join(HERE, "signer_client.py"), "rb").read(), "work",
                          "signer_client.py")
    path = places.write(data, "work", "to-sign")
    done = subprocess.run(processes.as_user(uid, uid, [daemons.GROUPS["signer"]])
                          + ["/usr/bin/python3", "-B", script, daemons.socket_of(
        places, "signer"), words, path], capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


class Permits(Case):
    def test_with_its_permit(self):
        """The others mean something only if this one signs."""
        self.assertEqual(ask(permit(content()), content()), "ok")

    def test_without_permit(self):
        for words in ("", "1", "1 a b c 1 d"):
            with self.subTest(words=words):
                self.assertNotEqual(ask(words, content()), "ok")

    def test_other_bytes(self):
        self.assertEqual(ask(permit(content()), content() + b"Mas.\r\n"), "permit")

    def test_another_key(self):
        self.assertEqual(ask(permit(content(), key=b"x" * 32), content()), "permit")

    def test_expired(self):
        self.assertEqual(ask(permit(content(), life_s=-5), content()), "permit")

    def test_another_from(self):
        data = content(f"alcalde@{DOMAIN}")
        self.assertNotEqual(ask(permit(data), data), "ok")

    def test_a_mailbox_without_binding(self):
        data = content(f"alcalde@{DOMAIN}")
        self.assertEqual(ask(permit(data, mailbox=f"alcalde@{DOMAIN}"), data), "no-binding")

    def test_another_user(self):
        for name in ("evidence", "citizen"):
            with self.subTest(user=name):
                self.assertNotEqual(ask(permit(content()), content(), UIDS[name]), "ok")

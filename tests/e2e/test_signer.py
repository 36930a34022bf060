"""The signer signs the very bytes that a permit names, for the outgoing milter alone."""
from harness import *


def content(sender=OFFICE_ADDRESS):
    return (f'Content-Type: text/plain; charset=utf-8; hp="clear"\r\nFrom: {sender}\r\n'
            f"To: {CITIZEN}\r\nSubject: Prueba\r\n\r\nHola.\r\n").encode()


def ask(words, data, uid=UIDS["outgoing"]):
    return sign(words, data, uid)[0]


class Permits(Case):
    def test_with_its_permit(self):
        """The others mean something only if this one signs."""
        self.assertEqual(ask(permit_for(content()), content()), "ok")

    def test_twice(self):
        permit = permit_for(content())
        self.assertEqual([ask(permit, content()), ask(permit, content())], ["ok", "permit"])

    def test_without_permit(self):
        for words in ("", "1", "1 a b c 1 d"):
            with self.subTest(words=words):
                self.assertNotEqual(ask(words, content()), "ok")

    def test_other_bytes(self):
        self.assertEqual(ask(permit_for(content()), content() + b"Mas.\r\n"), "permit")

    def test_another_key(self):
        self.assertEqual(ask(permit_for(content(), key=b"x" * 32), content()), "permit")

    def test_expired(self):
        self.assertEqual(ask(permit_for(content(), life_s=-5), content()), "permit")

    def test_another_from(self):
        data = content(f"alcalde@{DOMAIN}")
        self.assertNotEqual(ask(permit_for(data), data), "ok")

    def test_a_mailbox_without_binding(self):
        data = content(f"alcalde@{DOMAIN}")
        self.assertEqual(ask(permit_for(data, mailbox=f"alcalde@{DOMAIN}"), data), "no-binding")

    def test_another_user(self):
        for name in ("evidence", "citizen"):
            with self.subTest(user=name):
                self.assertNotEqual(ask(permit_for(content()), content(), UIDS[name]), "ok")


class PersonalTokens(Case):
    def test_are_off(self):
        """The mailbox of a person gets no token unless the institution turned that on."""
        person = f"{Gateway.person.uid}@{DOMAIN}"
        status, problem = api("POST", "/v1/tokens", {"label": "propio", "mailboxes": [person], "unit": "Rentas", "reasons": "Notificar",
                                                  "document": "M-1"})
        self.assertEqual((status, problem["code"]), (403, "forbidden"), problem)
        self.assertNotIn("propio", [one["label"] for one in api("GET", "/v1/tokens")[1]["items"]])

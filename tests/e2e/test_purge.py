"""A send's content and values purged by an order: gone, on record, and the ledger as good as before."""
from harness import *


class Purge(Case):
    def purge(self, send):
        return demo.acusectl(self.places, "send", "purge", send["id"], "--document", "Resolucion 12-2026")

    def settled(self, mail):
        return wait(lambda: [one for one in sends(str(mail["Message-ID"])) if one["state"] == "released"], "not released")[0]

    def test_a_send_is_purged(self):
        mail = mails.make_plain("Saludo que se elimina", OFFICE_ADDRESS, OFFICE_ADDRESS)
        code, text = retry(mail)
        self.assertEqual(code, 250, text)
        send = self.settled(mail)
        demo.acusectl(self.places, "send", "message", send["id"], parse=False)
        wait(lambda: not api("GET", "/v1/outbox")[1]["items"], "something waits in the outbox")
        self.purge(send)
        status, problem = api("GET", f"/v1/sends/{send['id']}/message")
        self.assertEqual((status, problem["code"]), (410, "purged"))
        status, shown = api("GET", "/v1/sends/" + send["id"])
        self.assertEqual(status, 200)
        self.assertNotIn("Saludo que se elimina", json.dumps(shown))
        self.assertNotIn(OFFICE_ADDRESS, json.dumps(shown))
        demo.acusectl(self.places, "send", "show", send["id"], parse=False)
        demo.acusectl(self.places, "send", "list", parse=False)
        demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)
        entries = entries_of_ledger()
        # Who looked at its content is on record too.
        self.assertTrue(any('"type":"send.read"' in one["leaf"] and send["id"] in one["leaf"] for one in entries))
        self.assertTrue(any('"type":"send.purged"' in one["leaf"] and send["id"] in one["leaf"] for one in entries))
        self.assertFalse(any("Saludo que se elimina" in json.dumps(one) for one in entries))

    def test_not_within_its_term(self):
        mail = notification(4400)
        code, text = retry(mail)
        self.assertEqual(code, 250, text)
        send = self.settled(mail)
        with self.assertRaises(Failure) as refused:
            self.purge(send)
        self.assertIn("conflict", str(refused.exception))
        demo.acusectl(self.places, "send", "message", send["id"], parse=False)

    def test_a_wrong_call_changes_nothing(self):
        with self.assertRaises(Failure):
            demo.acusectl(self.places, "send", "purge", "00000000-0000-0000-0000-000000000000", "--document", "X")
        with self.assertRaises(Failure):
            demo.acusectl(self.places, "send", "purge", "x", parse=False)

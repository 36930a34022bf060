"""Mail from outside to an official mailbox (D11): recorded, confirmed to who wrote it, unanswered until the answer left."""
from harness import *

LOCAL = "consultas"
DESK = f"{LOCAL}@{DOMAIN}"  # [incoming] mailboxes of the gateway


def ask(subject="Solicito copia", to=DESK, sender=CITIZEN, **fields):
    mail = mails.make_plain(subject, sender, to, "Pido copia de mi expediente.\n")
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    return mail


def incoming_of(mail):
    """The records of that mail."""
    wanted = str(mail["Message-ID"]).strip("<>")
    return [one for one in api("GET", "/v1/incoming?limit=1000")[1]["items"] if one["message_id"] == wanted]


def confirmations(mail):
    """What the citizen got about it."""
    folder = os.path.join(Gateway.places.citizen_mail, "new")
    found = [mails.parse(os.path.join(folder, name)) for name in os.listdir(folder)]
    return [one for one in found if one["In-Reply-To"] == str(mail["Message-ID"]) and one["Auto-Submitted"]]


class Desk(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        api("POST", "/v1/offices", {"local_part": LOCAL, "name": "Consultas", "responsible": Gateway.person.uid,
                                    "delegates": [], "document": "Memo 31"})

    def by_citizen(self, mail, sender=CITIZEN):
        """By the citizen's own server, which signs."""
        mails.from_outside(self.places, mail, sender, [DESK], port="citizen")
        return wait(lambda: incoming_of(mail), "not on record")[0]

    def by_stranger(self, mail, sender=CITIZEN):
        mails.from_outside(self.places, mail, sender, [DESK])
        return wait(lambda: incoming_of(mail), "not on record")[0]

    def unanswered(self):
        listed = demo.acusectl(self.places, "incoming", "list", "--unanswered", "--mailbox", DESK)
        return [one["id"] for one in listed["items"]]


class Incoming(Desk):
    def test_confirmed_listed_and_answered(self):
        mail = ask("Solicito copia de mi expediente, señores")
        found = self.by_citizen(mail)
        self.assertEqual((found["state"], found["from"], found["mailboxes"]), ("open", CITIZEN, [DESK]))
        self.assertEqual(found["subject"], str(mail["Subject"]))
        self.assertRegex(found["until"], r"^2[0-9]{3}-[0-9]{2}-[0-9]{2}$")
        got = wait(lambda: confirmations(mail), "no confirmation")[0]
        self.assertEqual((got["Auto-Submitted"], got["Reply-To"], got["Return-Path"]), ("auto-replied", DESK, "<>"))
        text = got.get_content()
        for word in (found["id"], DESK, str(mail["Subject"]), "no es una respuesta"):
            self.assertIn(word, text)
        wait(lambda: incoming_of(mail)[0]["confirmation"]["state"] == "sent", "the confirmation is not on record")
        self.assertIn(found["id"], self.unanswered())
        # Told once a day, whatever else he writes.
        second = ask("Otra consulta")
        self.assertEqual(self.by_citizen(second)["confirmation"]["state"], "told-today")
        # It reached the mailbox, and is answered with what "Reply" writes.
        original = wait(lambda: [one for one in mailbox(LOCAL) if one["Message-ID"] == str(mail["Message-ID"])],
                        "not in the mailbox")[0]
        answer = mails.make_plain("Re: " + str(mail["Subject"]), DESK, CITIZEN, "Está a su disposición.\n")
        answer["In-Reply-To"] = answer["References"] = str(original["Message-ID"])
        wait(lambda: reply_of(lambda: submit(answer))[0] == 250, "the office does not send")
        done = wait(lambda: [one for one in incoming_of(mail) if one["state"] == "answered"], "not answered")[0]
        self.assertEqual(done["answered"]["send"], sends(str(answer["Message-ID"]))[0]["id"])
        self.assertNotIn(found["id"], self.unanswered())
        # The other one was settled by telephone.
        other = incoming_of(second)[0]["id"]
        demo.acusectl(self.places, "incoming", "close", other, "--reason", "por teléfono")
        self.assertEqual(demo.acusectl(self.places, "incoming", "show", other)["closed"]["reason"], "por teléfono")
        self.assertNotIn(other, self.unanswered())

    def test_nobody_else_is_told(self):
        """A forged sender is nobody's backscatter; programs and lists are not answered."""
        cases = (
            ("unproved", self.by_stranger(ask("Falsificado"))),
            ("automatic", self.by_citizen(ask("Fuera de la oficina"))),
            ("automatic", self.by_citizen(ask("Lista", List_Id="<vecinos.ciudadano.test>"))),
            ("suppressed", self.by_citizen(ask("Silencio", X_Auto_Response_Suppress="OOF"))),
            ("spam", self.by_citizen(ask("Oferta", X_Spam_Flag="YES"))),
            ("not-addressed", self.by_citizen(ask("Copia oculta", to="otro@ciudadano.test"))),
            ("sender-differs", self.by_citizen(ask("Otro sobre"), sender="otro@ciudadano.test")),
        )
        for wanted, found in cases:
            with self.subTest(wanted=wanted, subject=found["subject"]):
                self.assertEqual(found["confirmation"]["state"], wanted)
                self.assertEqual(found["state"], "none" if wanted == "automatic" else "open")

    def test_a_confirmation_that_comes_back_makes_no_other(self):
        """Two gateways that confirm to each other: the first word is the last."""
        mail = ask("Confirmación de recepción", Auto_Submitted="auto-replied")
        mails.from_outside(self.places, mail, "", [DESK])
        found = wait(lambda: incoming_of(mail), "not on record")[0]
        self.assertEqual((found["state"], found["confirmation"]["state"]), ("none", "automatic"))

    def test_an_answer_to_a_notification_asks_for_nothing(self):
        mail = notification(9100)
        self.assertEqual(retry(mail)[0], 250)
        got = mails.parse(wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0])
        answer = mails.make_answer(got)
        answer["Cc"] = DESK
        found = self.by_citizen(answer)
        self.assertEqual((found["state"], found["send"]), ("none", sends(str(mail["Message-ID"]))[0]["id"]))
        self.assertEqual(found["confirmation"]["state"], "answer")

    def test_the_ledger_has_it(self):
        found = self.by_citizen(ask("Para el registro", sender="registro@ciudadano.test"), sender="registro@ciudadano.test")
        status, head = api("GET", "/v1/ledger/head")
        self.assertEqual(status, 200)
        entries = api("GET", f"/v1/ledger/entries?after={max(head['size'] - 200, 0)}&limit=1000")[1]["items"]
        leaves = [one["leaf"] for one in entries if f'"{found["id"]}"' in one["leaf"]]
        self.assertTrue(any('"incoming.received"' in leaf for leaf in leaves), leaves)
        self.assertNotIn(CITIZEN, "".join(leaves))
        self.assertNotIn("Para el registro", "".join(leaves))


class Late(Desk):
    """Ten days later, by libfaketime in provisiond alone."""

    def lists(self):
        """What the responsible of the mailbox was told."""
        return [one for one in mailbox(Gateway.person.uid) if str(one["Subject"]) == f"Correos sin responder en {DESK}"]

    def open_leaves(self, number):
        """What the ledger still opens of it."""
        return [one["opening"] for one in entries_of_ledger() if json.loads(one["leaf"])["id"] == number and one["opening"]]

    def test_overdue_is_listed_once_and_what_is_done_is_purged(self):
        with configured({"ledger": {"keep_incoming_days": "8"}}, "provision"):
            waits = [self.by_stranger(ask(f"Pedido que espera {i}")) for i in range(2)]
            done = self.by_stranger(ask("Pedido ya atendido", sender="atendida@ciudadano.test"))
            demo.acusectl(self.places, "incoming", "close", done["id"], "--reason", "por teléfono")
            self.assertNotEqual(self.open_leaves(done["id"]), [])
            daemons.kill(self.places, "provision")
            start_later("+10d")
            told = wait(self.lists, "the responsible is not told")
            text = told[0].get_content()
            for one in waits:
                for word in (one["id"], one["subject"], one["from"], one["until"]):
                    self.assertIn(word, text)
            self.assertNotIn(done["id"], text)
            wait(lambda: api("GET", "/v1/incoming/" + done["id"])[1]["purged"], "it is not purged")
            shown = demo.acusectl(self.places, "incoming", "show", done["id"])
            for word in ("atendida@", "Pedido ya atendido", DESK, "teléfono"):
                self.assertNotIn(word, json.dumps(shown, ensure_ascii=False))
            self.assertEqual(shown["state"], "closed")
            self.assertEqual(self.open_leaves(done["id"]), [])
            # As after a crash: told and purged once, and who waits still stands on the list.
            daemons.kill(self.places, "provision")
            start_later("+10d")
            wait(lambda: api("GET", "/v1/health")[1]["status"] == "ok", "it is not well")
            types = [json.loads(one["leaf"])["type"] for one in entries_of_ledger()
                     if json.loads(one["leaf"])["id"] in (waits[0]["id"], done["id"])]
            self.assertEqual((types.count("incoming.overdue"), types.count("incoming.purged")), (1, 1), types)
            self.assertEqual(len(self.lists()), 1)
            for one in waits:
                self.assertIn(one["id"], self.unanswered())
                self.assertTrue(demo.acusectl(self.places, "incoming", "show", one["id"])["overdue"])
            demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)
            daemons.kill(self.places, "provision")

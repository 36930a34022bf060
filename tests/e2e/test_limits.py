"""P15 under attack: who sends too much by many ways, and who is told; notices that would breed notices."""
import threading

from harness import *

PASSWORD = "Limite-2026.clave"
_made = []


def person():
    """A new employee, of whom nothing is counted yet."""
    number = len(_made)
    form = dict(demo.FORM_01, given_names="Eva Flor Gina Hilda Ines Julia Karen Lidia Nora Olga Paula Rita".split()[number],
                paternal_surname="Vargas", maternal_surname="Luna", dni=f"400001{number:02}", tramite=f"2026-0096{number:02}")
    uid, first = demo.create_account(Gateway.places, form)
    _made.append(uid)
    if demo.change_password(Gateway.places, uid, first, PASSWORD) != 200:
        raise Failure("the password was not changed")
    wait(lambda: demo.smtp_login(Gateway.places, uid, PASSWORD), "cannot log in")
    return uid


def plain(subject, uid, sender=None):
    return mails.make_plain(subject, sender or f"{uid}@{DOMAIN}", CITIZEN)


def send(uid, mail, **more):
    return reply_of(lambda: mails.submit(Gateway.places, uid, PASSWORD, mail, **more))


@contextlib.contextmanager
def limits(**rows):
    """These limits for provisiond, for a while; with nothing sent to see whether mail is taken."""
    rows = {name: str(value) for name, value in rows.items()}
    with configured({"policy": rows, "notices": {"otic": OTIC}}, "provision", settled=False):
        yield


OTIC = f"{OFFICE}@{DOMAIN}"


class Limits(Case):
    def over_of(self, counter):
        return [one for one in mailbox(OFFICE) if str(one["Subject"]) == f"Límite de envíos superado: {counter}"]

    def test_recipients_over_several_messages(self):
        """So many recipients in all, by any address of the account; what is refused does not count."""
        uid = person()
        many = [f"vecino{number}@ciudadano.test" for number in range(9)]
        with limits(limit_account_recipients=10):
            code, text = send(uid, plain("Uno", uid), to=many + ["a@ciudadano.test", "b@ciudadano.test"])
            self.assertEqual(code, 550, text)
            self.assertIn("[P15] El mensaje tiene mas destinatarios que los 10", text)
            self.assertEqual(send(uid, plain("", uid), to=many)[0], 550)
            self.assertEqual(send(uid, plain("Falso", uid, f"alcalde@{DOMAIN}"), to=many)[0], 550)
            self.assertEqual(send(uid, plain("Dos", uid), to=many)[0], 250)
            plus = f"{uid}+obras@{DOMAIN}"
            self.assertEqual(send(uid, plain("Tres", uid), to=many[:2])[0], 451)
            self.assertEqual(send(uid, plain("Cuatro", uid, plus), to=many[:1])[0], 250)
            for sender in (plus, f"{uid.upper()}@{DOMAIN}", f"{uid}@{DOMAIN}"):
                code, text = send(uid, plain("Cinco", uid, sender), to=many[:1])
                self.assertEqual(code, 451, text)
                self.assertIn("[P15] Su cuenta llego al limite", text)
        wait(lambda: self.over_of(f"account/{uid}"), "the IT office was not told")
        self.assertEqual(len(self.over_of(f"account/{uid}")), 1)

    def test_connections_that_race(self):
        uid, answers = person(), []

        def run(first):
            for number in range(first, 40, 8):
                answers.append(send(uid, plain(f"Carrera {number}", uid)))
        with limits(limit_account_messages=10):
            racers = [threading.Thread(target=run, args=(first,)) for first in range(8)]
            for one in racers:
                one.start()
            for one in racers:
                one.join()
        self.assertEqual(len(answers), 40)
        self.assertEqual(len([one for one in answers if one[0] == 250]), 10, answers)
        for code, text in answers:
            self.assertTrue(code == 250 or (code == 451 and "[P15]" in text), (code, text))

    def test_an_office(self):
        """All who send from an office's mailbox count together, and for themselves."""
        first, second = person(), person()
        office = f"limites@{DOMAIN}"
        self.assertEqual(api("POST", "/v1/offices", {"local_part": "limites", "name": "Oficina de Límites",
                                                     "responsible": first, "delegates": [second],
                                                     "document": "Memo 11"})[0], 201)
        with limits(limit_office_messages=2):
            wait(lambda: send(first, plain("Oficina 1", first, office))[0] == 250, "the office does not send")
            self.assertEqual(send(second, plain("Oficina 2", second, office))[0], 250)
            for uid in (first, second):
                code, text = send(uid, plain("Oficina 3", uid, office))
                self.assertEqual(code, 451, text)
                self.assertIn("El buzon de la oficina llego al limite", text)
                self.assertEqual(send(uid, plain("Propio", uid))[0], 250)
        wait(lambda: self.over_of(f"office/{office}"), "the IT office was not told")

    def test_the_gateway(self):
        with limits(limit_gateway_messages=1):
            code, text = reply_of(lambda: submit(plain("Institución", Gateway.person.uid)))
            self.assertEqual(code, 451, text)
            self.assertIn("La institucion llego al limite", text)
        wait(lambda: self.over_of("gateway/all"), "the IT office was not told")

    def test_a_warning(self):
        """In mode warn the mail goes, its sender is told once an hour, and so is the IT office."""
        uid = person()
        with limits(p15="warn", limit_account_messages=1):
            for number in range(3):
                self.assertEqual(send(uid, plain(f"Avisado {number}", uid))[0], 250)
            wait(lambda: self.over_of(f"account/{uid}"), "the IT office was not told")
            told = wait(lambda: [one for one in mailbox(uid) if "Observaciones" in str(one["Subject"])], "no notice")
            self.assertIn("[P15] Su cuenta llego al limite", told[0].get_content())
            # Notices to one keep their order: this one is behind all that was said before.
            last = mails.make_plain("RV: Sin original", f"{uid}@{DOMAIN}", CITIZEN)
            self.assertEqual(send(uid, last)[0], 250)
            wait(lambda: [one for one in mailbox(uid) if "Sin original" in str(one["Subject"])], "no notice")
        self.assertEqual(len([one for one in mailbox(uid) if "Avisado" in str(one["Subject"])]), 1)
        self.assertEqual(len(self.over_of(f"account/{uid}")), 1)


class Loops(Case):
    """Nothing that comes of a notice makes another one."""

    def notices_to(self, uid):
        return [one for one in mailbox(uid) if str(one["From"]).endswith(f"<acuse@{DOMAIN}>")]

    def test_a_mailbox_that_passes_all_on(self):
        """RV: of each notice, without the original: what P7 warns of."""
        uid = person()
        self.assertEqual(send(uid, plain("RV: Primero", uid))[0], 250)
        done = set()
        for _ in range(2):
            fresh = wait(lambda: [one for one in self.notices_to(uid) if str(one["Message-ID"]) not in done], "no notice")
            for one in fresh:
                done.add(str(one["Message-ID"]))
                for prefix in ("RV: ", "Respuesta automática: ", "RV: Re: "):
                    self.assertEqual(send(uid, plain(prefix + str(one["Subject"]), uid))[0], 250)
            if len(done) == 1:
                # Of another mail a notice still comes, and it comes behind those that must not.
                self.assertEqual(send(uid, plain("RV: Segundo", uid))[0], 250)
        subjects = sorted(str(one["Subject"]) for one in self.notices_to(uid))
        self.assertEqual(subjects, ["Observaciones a su mensaje: RV: Primero", "Observaciones a su mensaje: RV: Segundo"])

    def test_what_answers_a_notice(self):
        """Bounces and automatic answers to a notice's address: refused or dropped, and nobody is told."""
        uid = person()
        self.assertEqual(send(uid, plain("RV: Contestado", uid))[0], 250)
        notice = wait(lambda: self.notices_to(uid), "no notice")[0]
        # No server bounces it, and no autoresponder answers it (RFC 3834, RFC 5230).
        self.assertEqual((notice["Return-Path"], notice["Auto-Submitted"]), ("<>", "auto-generated"))
        answer = mails.make_plain("Re: " + str(notice["Subject"]), f"{uid}@{DOMAIN}", f"acuse@{DOMAIN}")
        answer["Auto-Submitted"] = "auto-replied"
        answer["In-Reply-To"] = str(notice["Message-ID"])
        for sender in ("", f"{CITIZEN}"):
            with self.subTest(sender=sender):
                code, text = reply_of(lambda s=sender: mails.from_outside(self.places, answer, s, [f"acuse@{DOMAIN}"]))
                self.assertEqual(code, 550, text)
        code, text = send(uid, answer, to=[f"acuse@{DOMAIN}"])
        self.assertEqual(code, 550, text)
        self.assertEqual(len(self.notices_to(uid)), 1)

    def test_one_notice_a_mail(self):
        """However many recipients, findings and repetitions it has."""
        uid = person()
        mail = plain("RV: CARTA fianza vacía", uid)
        to = [f"vecino{number}@ciudadano.test" for number in range(5)]
        for _ in range(3):
            # What was sent and is undecided is 451, what was released 250.
            wait(lambda: send(uid, mail, to=to)[0] == 250, "it is refused")
        last = plain("RV: El último", uid)
        self.assertEqual(send(uid, last)[0], 250)
        wait(lambda: [one for one in self.notices_to(uid) if "El último" in str(one["Subject"])], "no notice")
        # Those of what became of it are others: the citizen's server does not know these people.
        warnings = [one for one in self.notices_to(uid) if str(one["Subject"]).startswith("Observaciones")]
        self.assertEqual(len(warnings), 2)

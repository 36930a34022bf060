"""The rules of the policy through real Postfix, and the notice that a warning becomes."""
import io
import zipfile

from harness import *


def notices_about(subject):
    return [one for one in mailbox(Gateway.person.uid) if f"Observaciones a su mensaje: {subject}" in str(one["Subject"])]


class Warnings(Case):
    def assert_noticed(self, mail, *words):
        notice = wait(lambda: notices_about(str(mail["Subject"])), "no notice came")
        self.assertEqual(len(notice), 1)
        text = notice[0].get_content()
        for word in words:
            self.assertIn(word, text)
        return notice[0], text

    def test_a_notice_lists_what_was_found(self):
        """An official document inside the institution without its expediente: P10 only warns there, and P11 misses the PDF."""
        mail = mails.make_plain("Carta N° 1-2026 sin expediente", OFFICE_ADDRESS, OFFICE_ADDRESS, "Texto secreto.\n")
        code, text = retry(mail)
        self.assertEqual(code, 250, text)
        notice, text = self.assert_noticed(mail, "[P10]", "art. 7.4", "[P11]", "no es necesario responderlo")
        self.assertNotIn("Texto secreto", text)
        self.assertEqual(notice["Auto-Submitted"], "auto-generated")
        self.assertEqual(notice["Return-Path"], "<>")
        self.assertIn(f"acuse@{DOMAIN}", str(notice["From"]))
        self.assertIsNone(notice["Acuse-Id"])
        # It is no send and no event of one.
        self.assertEqual(sends(str(notice["Message-ID"]).strip("<>")), [])
        send = sends(str(mail["Message-ID"]))[0]
        self.assertEqual([(one["rule"], one["mode"]) for one in send["findings"]], [("P10", "warn"), ("P11", "warn")])

    def test_a_good_mail_has_no_notice(self):
        mail = mails.make_plain("Saludo sin observaciones", OFFICE_ADDRESS, OFFICE_ADDRESS)
        self.assertEqual(retry(mail)[0], 250)
        other = mails.make_plain("Carta N° 2-2026 con aviso", OFFICE_ADDRESS, OFFICE_ADDRESS)
        self.assertEqual(retry(other)[0], 250)
        # Notices keep their order: once the second is there, none of the first will come.
        self.assert_noticed(other, "[P10]")
        self.assertEqual(notices_about("Saludo sin observaciones"), [])
        self.assertEqual(sends(str(mail["Message-ID"]))[0].get("findings", []), [])

    def test_a_stopped_postfix_loses_no_notice(self):
        """Nobody listens where notices go: the notice waits, and comes once somebody does."""
        port = f"smtp=127.0.0.1:{self.places.port('notices')}"
        mail = mails.make_plain("Carta N° 3-2026 con espera", OFFICE_ADDRESS, OFFICE_ADDRESS)
        with setting("provision", port, "smtp=127.0.0.1:1"):
            retry(mail)
            wait(lambda: "a change waits" in open(self.places.log("provision"), encoding="utf-8").read(), "it does not wait")
            self.assertEqual(notices_about(str(mail["Subject"])), [])
        self.assert_noticed(mail, "[P10]")
        settle()


@contextlib.contextmanager
def without_notify():
    """Postfix's submission service without its command filter, for a while."""
    folder = Gateway.places.path("postfix", "etc")
    name = f"127.0.0.1:{Gateway.places.port('submission')}/inet/smtpd_command_filter"

    def put(value):
        subprocess.run(["postconf", "-c", folder, "-P", f"{name}={value}"], check=True)
        subprocess.run(["postfix", "-c", folder, "reload"], check=True, capture_output=True)

    put("")
    try:
        yield
    finally:
        put("regexp:$config_directory/notify.regexp")


class Rules(Case):
    """Each once refused and once passed; test_refusals has P1, P10 and P14."""

    def plain(self, subject, text="Buenos días.\n"):
        return mails.make_plain(subject, OFFICE_ADDRESS, CITIZEN, text)

    def test_p3(self):
        self.assert_refused(lambda: submit(self.plain("RV: Re: \u200b")), 550, "5.7.1 [P3]", "DI-002, art. 4.6")
        mail = self.plain("Re: Saludo")
        self.assertEqual(retry(mail)[0], 250)
        self.assert_sent_once(mail)

    def test_p5(self):
        mail = self.plain("Saludo con confirmación")
        self.assertEqual(retry(mail)[0], 250)
        path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0]
        self.assertEqual(str(mails.parse(path)["Disposition-Notification-To"]), OFFICE_ADDRESS)
        with configured({f"policy domain:{CITIZEN.partition('@')[2]}": {"p5": "warn"}}, "outgoing"):
            mail = self.plain("Saludo sin confirmación")
            retry(mail)
            path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0]
            self.assertIsNone(mails.parse(path)["Disposition-Notification-To"])
            wait(lambda: notices_about("Saludo sin confirmación"), "no notice came")

    def test_p6(self):
        with without_notify():
            text = wait(lambda: [said for code, said in [reply_of(lambda: submit(self.plain("Saludo P6")))]
                                 if code == 451 and "4.3.5 [P6]" in said], "it is not refused")[0]
            self.assertIn(CITIZEN, text)
        wait(lambda: reply_of(lambda: submit(self.plain("Saludo P6")))[0] == 250, "it is refused")

    def test_p7(self):
        empty = self.plain("RV: Informe vacío")
        quoted = self.plain("RV: Informe citado", "Para su conocimiento.\n\n-------- Mensaje reenviado --------\n"
                            "Asunto: Informe\nDe: Ana <ana@example.net>\n\nTexto\n")
        self.assertEqual(retry(empty)[0], 250)
        notice = wait(lambda: notices_about("RV: Informe vacío"), "no notice came")[0]
        self.assertIn("[P7] El reenvio no contiene el mensaje original", notice.get_content())
        with configured({"policy": {"p7": "enforce"}}, "outgoing"):
            retry(quoted)
            for subject in ("RV: Otro vacío", "Rv : Otro", "[RV] Otro", "TR: Otro", "Re: Reenv: Otro", "RV: RV: Otro"):
                self.assert_refused(lambda s=subject: submit(self.plain(s)), 550, "[P7]", "DI-002, art. 4.7")
            for name, value in (("References", "<uno@example.net>"), ("Resent-From", OFFICE_ADDRESS)):
                mail = self.plain("RV: Otro" if name == "Resent-From" else "Otro")
                mail[name] = value
                self.assert_refused(lambda m=mail: submit(m), 550, "[P7]")
            self.assert_refused(lambda: submit(self.plain("RV: Otro", "Va.\n\n> \n>\n")), 550, "[P7]")
            attached = self.plain("RV: Informe adjunto", "Va.\n")
            attached.add_attachment(self.plain("Informe"))
            self.assertEqual(reply_of(lambda: submit(attached))[0], 250)
        self.assertEqual(notices_about("RV: Informe citado"), [])

    def test_p10_in_disguise(self):
        """What is read as an official document is one, however it is written; what only sounds like one is not."""
        official = ("N0TIFICACION N° 12-2026", "N O T I F I C A C I O N N° 12", "URGENTE: NOTIFICACION N 12",
                    "Re: Notificación", "NOTI\u200bFICA\u00adCION", "\uff2eOTIFICACION", "N\u041eTIFICACION",
                    "NOTIFICACIO\u0301N", "Se remite NOTIFICACIÓN N° 012-2026-GM")
        for subject in official:
            with self.subTest(subject=subject):
                self.assert_refused(lambda s=subject: submit(self.plain(s)), 550, "[P10]", "numero de expediente")
        for subject in ("Le envío la carta fianza N° 123-2026", "Consulta sobre su informe"):
            with self.subTest(subject=subject):
                mail = self.plain(subject)
                self.assertEqual(retry(mail)[0], 250)
                self.assertEqual(sends(str(mail["Message-ID"]))[0]["class"], "external")

    def test_p10_in_the_name_of_a_file(self):
        def with_file(subject, name):
            mail = self.plain(subject)
            mail.add_attachment(mails.make_pdf(), maintype="application", subtype="pdf", filename=name)
            return mail
        name = "NOTIFICACIÓN N° 012-2026-GM.pdf"
        self.assert_refused(lambda: submit(with_file("Documento", name)), 550, "[P10]", "parece un documento oficial")
        for subject, file in (("Documento, Exp. 2026-001234", name), ("Documento", "carta fianza 12-2026.pdf")):
            with self.subTest(file=file):
                self.assertEqual(retry(with_file(subject, file))[0], 250)

    def test_p12(self):
        """Nobody notifies from a mailbox that is not on the list; a list with a fault changes nothing."""
        number = iter(range(330, 400))
        own = notification(next(number), sender=f"{Gateway.person.uid}@{DOMAIN}")
        self.assert_refused(lambda: submit(own), 550, "5.7.1 [P12]", "Solo los buzones autorizados notifican", "Anexo 3")
        self.assertEqual(sends(str(own["Message-ID"])), [])
        plain = mails.make_plain("Saludo sin lista", f"{Gateway.person.uid}@{DOMAIN}", CITIZEN)
        self.assertEqual(retry(plain)[0], 250)
        demo.acusectl(self.places, "notifier", "withdraw", OFFICE_ADDRESS, "--document", "Memo 8")
        try:
            wait(lambda: "[P12]" in reply_of(lambda: submit(notification(next(number))))[1], "it still notifies", 10)
            path = self.places.path("notifiers.csv")
            row = f'"Secretaría General","Jefe de Secretaría General",{OFFICE_ADDRESS}\n'
            for rows, done in ((row + f"Alcaldía,Alcalde,nadie@{DOMAIN}\n", False), (row, True)):
                with open(path, "w", encoding="utf-8") as file:
                    file.write("area,level,mailbox\n" + rows)
                words = ("notifier", "import", path, "--document", "Anexo 3")
                if done:
                    self.assertEqual(demo.acusectl(self.places, *words, "--dry-run")["new"], 1)
                    self.assertEqual(demo.acusectl(self.places, "notifier", "list")["items"], [])
                    self.assertEqual(demo.acusectl(self.places, *words)["new"], 1)
                else:
                    with self.assertRaisesRegex(Failure, "line 3"):
                        demo.acusectl(self.places, *words)
                    self.assert_refused(lambda: submit(notification(next(number))), 550, "[P12]")
        finally:
            demo.acusectl(self.places, "notifier", "authorise", OFFICE_ADDRESS, "--area", "Secretaría General", "--level",
                          "Jefe de Secretaría General", "--document", "Anexo 3")
        mail = notification(next(number))
        wait(lambda: reply_of(lambda: submit(mail))[0] == 250, "it is refused")
        self.assert_sent_once(mail)

    def test_p14(self):
        both = f"{CITIZEN}, otro@ciudadano.test"
        self.assert_refused(lambda: submit(notification(320, to=both), to=[CITIZEN, "otro@ciudadano.test"]), 550, "[P14]")
        self.assert_refused(lambda: submit(notification(321, to=OFFICE_ADDRESS), to=[CITIZEN]), 550, "[P14]", "copia oculta")
        mail = notification(322)
        self.assertEqual(retry(mail)[0], 250)
        self.assert_sent_once(mail)


class Register(Case):
    """Expedientes and authorisations out of spreadsheets: acusectl, provisiond, and what a mail may then do."""
    EXPEDIENTE, CITIZEN = "2026-000881", "vecina@ciudadano.test"

    def load(self, command, text, *more, refused=None):
        path = self.places.path("lista.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        if refused is None:
            return demo.acusectl(self.places, command, "import", path, *more)
        with self.assertRaisesRegex(Failure, refused):
            demo.acusectl(self.places, command, "import", path, *more)
        return None

    def letter(self, number):
        return mails.make_notification(f"CARTA {number}-2026-SG/MUNI. Exp. {self.EXPEDIENTE}", to=self.CITIZEN)

    def refused(self, number, rule):
        self.assert_refused(lambda: submit(self.letter(number), to=[self.CITIZEN]), 550, rule)

    def test_lists(self):
        number = iter(range(800, 900))
        self.refused(next(number), "[P10]")
        good = f"number,subject,matter\n{self.EXPEDIENTE},Licencia,administrativa\n"
        # S10: a list with one bad row registers nothing, and nothing is signed.
        for rows, reason in ((good + "2026-00088x,Otra,\n", "line 3"), (good + f"{self.EXPEDIENTE},Otra,\n", "line 3"),
                             (good.replace("number", "numero"), "line 1"), (good + "2026-000882\n", "line 3")):
            with self.subTest(rows=rows):
                self.load("expediente", rows, refused=reason)
                self.assertEqual(api("GET", f"/v1/expedientes/{self.EXPEDIENTE}")[0], 404)
        self.assertEqual(self.load("expediente", good, "--dry-run")["new"], 1)
        self.refused(next(number), "[P10]")
        self.assertEqual(self.load("expediente", good)["new"], 1)
        self.assertEqual(self.load("expediente", good)["same"], 1)
        self.refused(next(number), "[D9]")

        head = "number,address,document,date,holder,holder_document\n"
        row = f"{self.EXPEDIENTE},{self.CITIZEN},Solicitud f. 3,2026-01-05,Juana Pérez,40000009\n"
        for rows, reason in ((row + f"2026-999999,{self.CITIZEN},f. 4,2026-01-05,Juan,\n", "line 3"),
                             (row + f"{self.EXPEDIENTE},sin-arroba,f. 4,2026-01-05,Juan,\n", "line 3"),
                             (row + f"{self.EXPEDIENTE},a@b.test,f. 4,2026-13-05,Juan,\n", "line 3"),
                             (row + f"{self.EXPEDIENTE},a@b.test,,2026-01-05,Juan,\n", "line 3")):
            with self.subTest(rows=rows):
                self.load("authorisation", head + rows, refused=reason)
                self.refused(next(number), "[D9]")
        self.assertEqual(self.load("authorisation", head + row)["new"], 1)
        mail = self.letter(next(number))
        code, text = reply_of(lambda: submit(mail, to=[self.CITIZEN]))
        self.assertEqual(code, 250, text)
        self.assertEqual(sends(str(mail["Message-ID"]))[0]["authorisation"], "valid")

        # What is replaced stays on record.
        self.assertEqual(self.load("authorisation", head + row.replace("f. 3", "f. 7"))["changed"], 1)
        self.assertEqual(self.load("expediente", good.replace("Licencia", "Licencia de obra"))["changed"], 1)
        demo.acusectl(self.places, "expediente", "withdraw", self.EXPEDIENTE, self.CITIZEN, "--document", "Carta f. 9",
                      "--date", "2026-01-06")
        self.refused(next(number), "[D9]")
        shown = json.dumps(demo.acusectl(self.places, "expediente", "show", self.EXPEDIENTE), ensure_ascii=False)
        for word in ("Solicitud f. 3", "Solicitud f. 7", "Carta f. 9", '"Licencia"', "Licencia de obra"):
            self.assertIn(word, shown)

    def test_d9_in_each_mode(self):
        number, address = iter(range(870, 900)), "sin-autorizacion@ciudadano.test"
        for mode, code in (("enforce", 550), ("warn", 250), ("log", 250), ("off", 250)):
            with self.subTest(mode=mode), configured({"policy": {"d9": mode}}, "provision"):
                mail = mails.make_notification(f"CARTA {next(number)}-2026-SG/MUNI. Exp. {EXPEDIENTE}", to=address)
                found, text = reply_of(lambda: submit(mail, to=[address]))
                self.assertEqual(found, code, text)
                if code != 250:
                    self.assertIn("[D9]", text)
                    continue
                send = sends(str(mail["Message-ID"]))[0]
                self.assertEqual(send.get("authorisation"), None if mode == "off" else "absent")
                said = [one["mode"] for one in send.get("findings", []) if one["rule"] == "D9"]
                self.assertEqual(said, [] if mode == "off" else [mode])
                if mode == "warn":
                    self.assertIn("[D9]", wait(lambda: notices_about(str(mail["Subject"])), "no notice")[0].get_content())


class Commands(Case):
    def ctl(self, *words):
        return subprocess.run([self.places.path("bin", "acusectl"), "--socket", self.places.api, "--config",
                               self.places.path("acuse", "acuse.conf"), *words], capture_output=True, text=True, check=False)

    def test_explain(self):
        path = self.places.path("explained.eml")
        with open(path, "wb") as file:
            file.write(mails.make_plain("RV: ", OFFICE_ADDRESS, CITIZEN).as_bytes())
        said = self.ctl("policy", "explain", path, "--as", Gateway.person.uid)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("[P3] Falta el asunto", said.stdout)
        self.assertIn("P7   warn", said.stdout)
        self.assertRegex(said.stdout, r"P1 +enforce +\[policy\] .*: se cumple")

    def explained(self, mail, name):
        path = self.places.path(name)
        with open(path, "wb") as file:
            file.write(mail.as_bytes())
        said = self.ctl("policy", "explain", path, "--as", Gateway.person.uid)
        self.assertEqual(said.returncode, 0, said.stderr)
        return said.stdout

    def test_explain_asks_the_register(self):
        said = self.explained(notification(330), "registered.eml")
        self.assertRegex(said, r"P10 +enforce .*: el expediente está registrado")
        self.assertRegex(said, r"D9 +enforce .*: se cumple")
        self.assertRegex(said, r"P15 +enforce .*: no se pudo consultar")
        said = self.explained(notification(331, to="nadie-331@ciudadano.test"), "unauthorised.eml")
        self.assertRegex(said, r"D9 +enforce .*: la dirección no tiene autorización registrada")
        unknown = mails.make_notification("CARTA 332-2026-SG/MUNI. Exp. 2026-999999")
        said = self.explained(unknown, "unknown.eml")
        self.assertRegex(said, r"P10 +enforce .*: el expediente no está registrado")

    def test_explain_looks_into_attachments(self):
        """As the milter does, by its own rows: what is packed (P9), and what a PDF's signature is worth (P11)."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("factura.js", "WScript.Echo(1)")
        mail = mails.make_plain("Saludo con archivo", OFFICE_ADDRESS, CITIZEN)
        mail.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="factura.zip")
        before = sends(str(mail["Message-ID"]))
        said = self.explained(mail, "packed.eml")
        self.assertRegex(said, r"550 5.7.1 \[P9\] .*factura.zip/factura.js")
        self.assertRegex(said, r"P9 +enforce .*: .*factura.js")
        self.assertEqual((before, sends(str(mail["Message-ID"]))), ([], []))
        self.assertRegex(self.explained(mails.make_plain("Saludo", OFFICE_ADDRESS, CITIZEN), "plain.eml"), r"P9 .*: (se cumple|no se aplica)")
        letter = notification(334)
        letter.add_attachment(mails.make_pdf(), maintype="application", subtype="pdf", filename="carta.pdf")
        self.assertRegex(self.explained(letter, "unsigned.eml"), r"P11 +warn .*: Firme digitalmente el PDF")

    def test_show(self):
        said = self.ctl("policy", "show", Gateway.person.uid)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertIn("P3   enforce  [policy] (DI-002, art. 4.6)", said.stdout)

    def test_show_of_scopes(self):
        """Mailbox before unit before domain, the strictest of several domains; a name that is nobody's is an error."""
        unit = api("GET", f"/v1/accounts/{Gateway.person.uid}")[1]["unit"]
        path = self.places.write(settings_with({
            f"policy mailbox:{Gateway.person.uid}@{DOMAIN}": {"p3": "log"},
            f"policy unit: {unit.upper()} ": {"p3": "warn", "p7": "enforce"},
            "policy domain:ciudadano.test": {"p3": "off", "p7": "off", "p5": "off"},
            "policy domain:otra.test": {"p5": "warn"}}), "work", "scopes.conf")

        def show(*words):
            return subprocess.run([self.places.path("bin", "acusectl"), "--socket", self.places.api, "--config", path, "policy",
                                   "show", *words], capture_output=True, text=True, check=False)

        def row(said, rule):
            self.assertEqual(said.returncode, 0, said.stderr)
            return " ".join(next(line for line in said.stdout.split("\n") if line.startswith(rule + " ")).split()[1:])
        alone = show(Gateway.person.uid)
        self.assertTrue(row(alone, "P3").startswith(f"log [policy mailbox:{Gateway.person.uid}@{DOMAIN}]"), alone.stdout)
        self.assertTrue(row(alone, "P7").startswith("enforce [policy unit:"), alone.stdout)
        self.assertTrue(row(alone, "P5").startswith("enforce [policy] "), alone.stdout)
        one = show(Gateway.person.uid, "--to", CITIZEN)
        self.assertTrue(row(one, "P5").startswith("off [policy domain:ciudadano.test]"), one.stdout)
        self.assertTrue(row(one, "P7").startswith("enforce [policy unit:"), one.stdout)
        two = show(Gateway.person.uid, "--to", CITIZEN, "--to", "b@otra.test")
        self.assertTrue(row(two, "P5").startswith("warn [policy domain:otra.test]"), two.stdout)
        three = show(Gateway.person.uid, "--to", CITIZEN, "--to", "b@tercera.test")
        self.assertTrue(row(three, "P5").startswith("enforce [policy] "), three.stdout)
        for name in ("nadie", "", "../x", "a/b"):
            with self.subTest(name=name):
                said = show(name)
                self.assertEqual((said.returncode, said.stdout), (1, ""))
                self.assertTrue(said.stderr)

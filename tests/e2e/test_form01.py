"""FORM-01 beyond the first account: the head's signature, passwords, annulment, activities, third parties, offices, lists."""
import datetime
import tempfile

import keys
from harness import *
from test_accounts import form
from test_people import person
from test_tramite import Receiver, parts_of


def day(days):
    """That many days from today, where the institution is."""
    lima = datetime.timezone(datetime.timedelta(hours=-5))
    return (datetime.datetime.now(lima) + datetime.timedelta(days=days)).strftime("%Y-%m-%d")


def ctl(*words, **more):
    return demo.acusectl(Gateway.places, *words, **more)


class Paper(Case):
    """The printed form: every field of Anexo 1, on one page."""

    def text_of(self, filed):
        path = self.places.path("work", f"form-{filed['id']}.pdf")
        ctl("request", "form", filed["id"], "-o", path)
        said = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
        self.assertIn("A4", said)
        self.assertRegex(said, r"Pages: +1\n")
        text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
        return " ".join(text.split())

    def test_to_be_signed_by_hand(self):
        body = form(dni="42000005", given_names="Ñusta María", phone="999 888 777", reason="encargatura")
        del body["tramite"]
        filed = ctl("request", "file", self.places.write(json.dumps(body), "work", "nusta.json"))
        text = self.text_of(filed)
        for word in ("FORM-01", filed["id"], "Nombres Ñusta María", "Apellido paterno Quispe", "Apellido materno Rojas",
                     "DNI 42000005", "Teléfono 999 888 777", f"Cargo {body['post']}", f"Unidad orgánica {body['unit']}",
                     f"contrato {body['document']}", "[X] Creación", "[X] Personal", "[X] Encargatura", "[ ] Otro",
                     "Firma y sello del jefe"):
            with self.subTest(word):
                self.assertIn(word, text)
        self.assertEqual(text.count("[X]"), 3)

    def test_an_activity(self):
        person("42000006", "Iris")
        filed = demo.file_form(self.places, form(dni="42000006", given_names="Iris", kind="activity", until=day(20),
                                                 title="Comité <b>&amp; Veedores", reason="specific-activity"))
        text = self.text_of(filed)
        for word in ("Comité <b>&amp; Veedores", day(20), "N.º de trámite 2026", "Responsable de la cuenta"):
            self.assertIn(word, text)

    def test_nobody_elses(self):
        self.assertEqual(api("GET", "/v1/requests/99999999/form.pdf")[0], 404)


class Signature(Case):
    """A head signs the form with openssl, as any tool does; who is no head of the unit signs in vain."""

    def sign(self, body, email, name):
        places = self.places
        key = keys.issue(places, name, f"/C=PE/CN={name}", f"subjectAltName=email:{email}\nkeyUsage=digitalSignature\n")
        path = places.write(json.dumps(body), "work", name + ".json")
        signature = places.path("work", name + ".p7s")
        subprocess.run(["openssl", "cms", "-sign", "-binary", "-in", path, "-signer", places.path("ca", name + ".pem"),
                        "-inkey", key, "-outform", "DER", "-out", signature], check=True, capture_output=True)
        return path, signature

    def test_signed_by_the_head(self):
        body = form(dni="42000001", given_names="Flor")
        del body["tramite"]
        path, signature = self.sign(body, f"{Gateway.person.uid}@{DOMAIN}", "jefa")
        filed = ctl("request", "file", path, "--signed-form", path, "--signature", signature)
        self.assertEqual((filed["state"], filed["lacks"]), ("received", []), filed)
        self.assertEqual(filed["signer"]["uid"], Gateway.person.uid)
        ctl("request", "deny", filed["id"], "--reasons", "Falta el contrato")
        answer = wait(lambda: [mail for mail in mailbox(Gateway.person.uid) if filed["id"] in str(mail["Subject"])],
                      "the head is not answered")[0]
        self.assertIn("Falta el contrato", answer.get_body().get_content())

    def test_what_does_not_count_stays_observed(self):
        places = self.places
        uid, _ = person("42000002", "Otto")
        ctl("person", "rotate", "42000002", "--post", "Cajero", "--unit", "Tesorería", "--document", "R 5")
        wait(lambda: api("GET", f"/v1/accounts/{uid}")[1]["unit"] == "Tesorería", "not rotated", 5)
        body = form(dni="42000003", given_names="Gina")
        del body["tramite"]
        path, signature = self.sign(body, f"{uid}@{DOMAIN}", "otro")
        other = places.write(json.dumps(dict(body, given_names="Gino")), "work", "gino.json")
        cases = (("another unit", path, path, signature, "unit"), ("another form", other, path, signature, "given_names"),
                 ("broken", path, other, signature, "verify"), ("no CMS", path, path, path, "CMS"))
        for name, filed_form, signed, cms, word in cases:
            with self.subTest(name):
                filed = ctl("request", "file", filed_form, "--signed-form", signed, "--signature", cms)
                self.assertEqual((filed["state"], filed["signer"]), ("observed", None), filed)
                self.assertIn(word, filed["signature_problem"])
        # The paper comes by the tramite, and with it the scan: it can be read again.
        scan = places.write("%PDF-1.4 firmado a mano\n", "work", "scan.pdf")
        self.assertEqual(ctl("request", "amend", filed["id"], "--tramite", "2026-000777")["lacks"], ["scan"])
        amended = ctl("request", "amend", filed["id"], "--scan", scan)
        self.assertEqual(amended["state"], "received")
        self.assertEqual(ctl("request", "document", filed["id"], amended["scan"], parse=False), "%PDF-1.4 firmado a mano\n")

    def signed_pdf(self, email, name, pdf, more=b""):
        """pdf signed as a person does it, with a key of its own; more: what was added behind the signature."""
        places = self.places
        key = keys.issue(places, name, f"/C=PE/CN={name}", f"subjectAltName=email:{email}\n"
                         "keyUsage=digitalSignature,nonRepudiation\nextendedKeyUsage=emailProtection\n")
        folder = places.folder(name)
        with open(os.path.join(folder, "plain.pdf"), "wb") as file:
            file.write(pdf)
        certificate = places.path("ca", name + ".pem")
        done = subprocess.run(["/bin/sh", "-c", f"""set -e
openssl pkcs12 -export -inkey {key} -in {certificate} -name signer -out s.p12 -passout pass:
mkdir nss; certutil -N -d nss --empty-password; pk12util -i s.p12 -d nss -W ''
certutil -A -d nss -n ca -t CT,C,C -i {places.ca}
pdfsig -nssdir nss -add-signature -nick signer plain.pdf signed.pdf"""], cwd=folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(os.path.join(folder, "signed.pdf"), "ab") as file:
            file.write(more)
        return os.path.join(folder, "signed.pdf")

    def test_a_pdf_signed_by_the_head(self):
        body = form(dni="42000004", given_names="Alma")
        del body["tramite"]
        head = f"{Gateway.person.uid}@{DOMAIN}"
        path = self.places.write(json.dumps(body), "work", "alma.json")
        plain = self.places.path("work", "plain.pdf")
        with open(plain, "wb") as file:
            file.write(mails.make_pdf("FORM-01"))
        signed = self.signed_pdf(head, "jefa-pdf", mails.make_pdf("FORM-01"))
        cases = (("unsigned", plain, "no signature"),
                 ("added to", self.signed_pdf(head, "jefa-mas", mails.make_pdf("FORM-01"), b"% more\n"), "added to"),
                 ("nobody's", self.signed_pdf(f"nadie@{DOMAIN}", "nadie-pdf", mails.make_pdf("FORM-01")), "of nobody"))
        for name, file, word in cases:
            with self.subTest(name):
                filed = ctl("request", "file", path, "--signed-form", file)
                self.assertEqual((filed["state"], filed["signer"]), ("observed", None), filed)
                self.assertIn(word, filed["signature_problem"])
        # The right one comes later.
        amended = ctl("request", "amend", filed["id"], "--signed-form", signed)
        self.assertEqual((amended["state"], amended["signature_problem"]), ("received", None), amended)
        self.assertEqual(amended["signer"]["uid"], Gateway.person.uid)
        self.assertEqual(ctl("request", "approve", filed["id"])["state"], "approved")


class CaseFile(Case):
    """Every answer goes to the case file: by the folder and by the webhook, however the head is told."""

    def answers(self, folder, place):
        """Complete ones, as (manifest, text), in their order."""
        found = []
        for path in glob.glob(os.path.join(folder, *place, "solicitud-*", "manifest.json")):
            with open(path, encoding="utf-8") as file:
                manifest = json.load(file)
            one, = manifest["files"]
            with open(os.path.join(os.path.dirname(path), one["name"]), "rb") as file:
                content = file.read()
            self.assertEqual(hashlib.sha256(content).hexdigest(), one["sha256"])
            found.append((manifest, content.decode()))
        return sorted(found, key=lambda each: int(each[0]["key"].split("-")[2]))

    def test_each_answer(self):
        folder = self.places.folder("work", "answers", uid=UIDS["provision"])
        receiver = Receiver([500])
        self.addCleanup(receiver.stop)
        with configured({"tramite": {"folder": folder, "webhook_url": receiver.url}}, "provision"):
            filed = demo.file_form(self.places, form(dni="42000007", given_names="Olga", tramite="2026/000 888"))
            ctl("request", "observe", filed["id"], "--reasons", "Falta el contrato")
            ctl("request", "amend", filed["id"], "--answer", "Va adjunto")
            ctl("request", "observe", filed["id"], "--reasons", "No es el contrato")
            ctl("request", "deny", filed["id"], "--reasons", "No corresponde")
            found = wait(lambda: [one for one in [self.answers(folder, ("*", "2026%2F000%20888"))] if len(one) == 3],
                         "the answers are not in the case file", 30)[0]
            self.assertEqual([each[0]["outcome"] for each in found], ["observed", "observed", "denied"])
            self.assertEqual([each[0]["reasons"] for each in found],
                             ["Falta el contrato", "No es el contrato", "No corresponde"])
            for manifest, text in found:
                self.assertEqual((manifest["request"], manifest["expediente"]), (filed["id"], "2026/000 888"))
                self.assertIn(manifest["reasons"], text)
            wait(lambda: len({headers["Idempotency-Key"] for headers, _ in receiver.posts}) == 3 and len(receiver.posts) > 3,
                 "the webhook did not get them, or was not asked again after its 500", 60)
            for headers, body in receiver.posts:
                parts = parts_of(headers, body)
                self.assertEqual(sorted(parts), ["manifest.json", "respuesta.txt"])
                self.assertEqual(json.loads(parts["manifest.json"])["key"], headers["Idempotency-Key"])


class Kinds(Case):
    def test_a_password_by_form(self):
        uid, password = person("42000010", "Lola")
        for number, reason in ((11, "forgotten-password"), (12, "exposed-password")):
            with self.subTest(reason):
                filed = demo.file_form(self.places, form(dni="42000010", given_names="Lola", reason=reason))
                self.assertEqual((filed["state"], filed["action"]), ("received", "password"))
                ctl("request", "approve", filed["id"])
                if reason == "exposed-password":
                    wait(lambda: not demo.smtp_login(self.places, uid, password), "what others know still opens the mail", 5)
                given = ctl("request", "deliver", filed["id"], "--receipt", f"Cargo {number}")
                self.assertFalse(demo.smtp_login(self.places, uid, password))
                password = f"Nueva-{number}.lola"
                self.assertEqual(demo.change_password(self.places, uid, given["password"], password), 200)
                wait(lambda: demo.smtp_login(self.places, uid, password), "cannot log in", 5)
        history = api("GET", f"/v1/accounts/{uid}/history")[1]["items"]
        self.assertEqual([one["receipt"] for one in history if one.get("receipt")][-2:], ["Cargo 11", "Cargo 12"])
        status, problem = api("POST", "/v1/requests", form(dni="42000010", given_names="Lalo", reason="forgotten-password"))
        self.assertEqual((status, problem["code"]), (409, "conflict"), "the DNI of somebody else")

    def test_an_annulment_by_form(self):
        uid, password = person("42000011", "Abel")
        filed = demo.file_form(self.places, form(dni="42000011", given_names="Abel", action="annul", date=day(0)))
        self.assertEqual(ctl("request", "approve", filed["id"])["state"], "executed")
        wait(lambda: not demo.smtp_login(self.places, uid, password), "an annulled account logs in", 5)

    def activity(self, until):
        filed = demo.file_form(self.places, form(dni="42000012", given_names="Elsa", kind="activity", until=until,
                                                 title="Comité de Selección", reason="specific-activity"))
        self.assertEqual((filed["state"], filed["lacks"]), ("observed", ["name"]))
        return filed

    def test_an_activity(self):
        person("42000012", "Elsa")
        status, problem = api("POST", "/v1/requests", form(dni="42000012", given_names="Elsa", kind="activity",
                                                           title="Sin fin"))
        self.assertEqual(status, 400, problem)
        self.assertIn("until", problem["detail"])
        filed = self.activity(day(20))
        self.assertEqual(filed["proposals"], ["cs", "seleccion"])
        ctl("request", "name", filed["id"], "comite.seleccion")
        ctl("request", "approve", filed["id"])
        given = ctl("request", "deliver", filed["id"])
        self.assertEqual(demo.change_password(self.places, "comite.seleccion", given["password"], "Sorteo-2026.x"), 200)
        wait(lambda: demo.smtp_login(self.places, "comite.seleccion", "Sorteo-2026.x"), "cannot log in", 5)
        before = api("GET", "/v1/accounts/comite.seleccion")[1]["valid_until"]
        longer = demo.file_form(self.places, form(dni="42000012", given_names="Elsa", kind="activity", action="extend",
                                                  account="comite.seleccion", until=day(60)))
        self.assertEqual(ctl("request", "approve", longer["id"])["state"], "executed")
        wait(lambda: api("GET", "/v1/accounts/comite.seleccion")[1]["valid_until"] > before, "not extended", 5)

    def test_a_third_party(self):
        body = form(dni="42000013", given_names="Saul", kind="third-party", until=day(30))
        filed = demo.file_form(self.places, body)
        self.assertEqual((filed["state"], filed["lacks"]), ("observed", ["terms"]))
        terms = self.places.write("Términos de referencia: con correo institucional\n", "work", "tdr.txt")
        self.assertEqual(ctl("request", "amend", filed["id"], "--terms", terms)["state"], "received")
        uid = ctl("request", "approve", filed["id"])["uid"]
        self.assertTrue(uid.startswith("squispe"), uid)

    def test_an_office(self):
        uid, password = person("42000014", "Vera")
        filed = demo.file_form(self.places, form(dni="42000014", given_names="Vera", kind="office",
                                                 title="Oficina de Control Patrimonial"))
        ctl("request", "name", filed["id"], filed["proposals"][0])
        self.assertEqual(ctl("request", "approve", filed["id"])["uid"], "ocp")
        wait(lambda: api("GET", "/v1/accounts/ocp")[1].get("owner") == uid, "not there", 5)
        wait(lambda: "oficinas/ocp" in folders(self.places, uid, password), "no shared folder", 10)


def folders(places, uid, password):
    import imaplib
    client = imaplib.IMAP4_SSL("127.0.0.1", places.port("imaps"), ssl_context=demo.tls(places))
    client.login(uid, password)
    found = b"\n".join(client.list()[1]).decode()
    client.logout()
    return found


class Lists(Case):
    def run_import(self, text, *words):
        with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            return ctl("request", "import", file.name, *words)

    def test_many_at_once(self):
        scan = self.places.write("%PDF-1.4 relación firmada\n", "work", "relacion.pdf")
        head = "nombres;apellido_paterno;apellido_materno;dni;cargo;unidad;documento;motivo;tipo\n"
        right = head + "Ada;Quispe;Ríos;42000021;Técnica;Archivo;Memo 1;ingreso;persona\n" \
                       "Iván;Núñez;Güere;42000022;Chofer;Transporte;Memo 1;Otro;persona\n"
        words = ("--tramite", "2026-000555", "--scan", scan)
        shown = self.run_import(right, *words)
        self.assertEqual([item["name"] for item in shown["items"]], ["aquisper", "inunezg"])
        self.assertFalse(shown["applied"])
        filed = len(api("GET", "/v1/requests?limit=1000")[1]["items"])
        for bad, word in (("Eva;;Ríos;42000023;Técnica;Archivo;Memo 1;ingreso;persona", "paternal_surname"),
                          ("Eva;Ruiz;Ríos;42000021;Técnica;Archivo;Memo 1;ingreso;persona", "dni"),
                          ("Eva;Ruiz;Ríos;420000;Técnica;Archivo;Memo 1;ingreso;persona", "dni"),
                          ("Eva;Ruiz;Ríos;42000024;Técnica;Archivo;Memo 1;porque sí;persona", "reason")):
            with self.subTest(bad):
                self.assertIn(word, self.run_import(right + bad + "\n", *words)["items"][2]["problem"])
                with self.assertRaises(Failure) as failure:
                    self.run_import(right + bad + "\n", *words, "--apply")
                self.assertIn("line 4", str(failure.exception))
        self.assertEqual(len(api("GET", "/v1/requests?limit=1000")[1]["items"]), filed, "bad rows changed something")
        done = self.run_import(right, *words, "--apply")
        self.assertEqual([item["state"] for item in done["items"]], ["received", "received"])
        self.assertEqual(ctl("request", "approve", done["items"][1]["id"])["uid"], "inunezg")

"""What a send comes to: constancia, proof and manifest in the case file, and one notice to who sent it (D4, D5, D6)."""
import email
import http.server
import ssl
import threading

from harness import *
import keys

KEY = b"k" * 40
MANIFEST = "manifest.json"


class Receiver:
    """A webhook that fails in the ways of `plan`, in order, and then takes everything. With `places` it speaks TLS, and only who shows
    a certificate of theirs gets in."""

    def __init__(self, plan, places=None):
        self.plan, self.posts, self.callers, self.lock = list(plan), [], [], threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.lock:
                    outer.posts.append((dict(self.headers), body))
                    if places:
                        outer.callers.append(dict(one[0] for one in self.connection.getpeercert()["subject"])["commonName"])
                    how = outer.plan.pop(0) if outer.plan else 204
                if how == "reset":
                    # Taken in, and the answer never leaves.
                    self.connection.close()
                    self.close_connection = True
                    return
                if how == "silence":
                    time.sleep(3)
                    self.close_connection = True
                    return
                self.send_response(how)
                if how == 302:
                    self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"{'https' if places else 'http'}://127.0.0.1:{self.server.server_port}/acuse"
        if places:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=places.ca)
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_cert_chain(places.path("ca", "server.pem"), places.path("ca", "server.key"))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def parts_of(headers, body):
    """Name -> bytes of a multipart/form-data."""
    whole = email.message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    return {part.get_filename(): part.get_payload(decode=True) for part in whole.get_payload()}


class Outcomes(Case):
    number = 700

    def setUp(self):
        Outcomes.number += 1
        self.folder = self.places.folder("work", f"tramite-{self.number}", uid=UIDS["provision"])

    def settings(self, **more):
        return {"tramite": dict({"folder": self.folder}, **more), "notices": {"tramite": OFFICE_ADDRESS}}

    def send_to(self, to=CITIZEN):
        mail = notification(self.number, to=to)
        self.assertEqual(retry(mail)[0], 250)
        return mail, str(mail["Message-ID"])

    def answer(self, message_id):
        got = mails.parse(wait(lambda: mails.received(self.places, message_id), "not received")[0])
        answer = mails.make_answer(got, "Recibido conforme.\n")
        mails.from_outside(self.places, answer, CITIZEN, [mails.address_of(got["From"])], port="citizen")

    def parcels(self, expediente=EXPEDIENTE):
        """Complete ones: they have their name."""
        return sorted(glob.glob(os.path.join(self.folder, expediente[:4], expediente, "*", MANIFEST)))

    def parcel(self, outcome, seconds=60):
        found = wait(lambda: [one for one in self.parcels() if json.load(open(one, encoding="utf-8"))["outcome"] == outcome],
                     f"no parcel with {outcome}: {demo.acusectl(self.places, 'outbox', 'list')}", seconds)
        self.assertEqual(len(found), 1)
        return os.path.dirname(found[0])

    def check(self, parcel, *words):
        """Each file is as the manifest says, the bundle is genuine, the constancia says the words."""
        with open(os.path.join(parcel, MANIFEST), encoding="utf-8") as file:
            manifest = json.load(file)
        self.assertEqual(sorted(os.listdir(parcel)), sorted([MANIFEST] + [one["name"] for one in manifest["files"]]))
        for one in manifest["files"]:
            with open(os.path.join(parcel, one["name"]), "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), one["sha256"], one["name"])
        said = demo.acusectl(self.places, "proof", "verify", os.path.join(parcel, "prueba.asice"), "--trust", self.places.ca,
                             parse=False)
        self.assertIn("Constancia", said)
        text = subprocess.run(["pdftotext", "-layout", os.path.join(parcel, "constancia.pdf"), "-"], capture_output=True,
                              text=True, check=True).stdout
        for word in words:
            self.assertIn(word, text)
        return manifest

    def notices(self, message_id, name=None):
        """Automatic mails that belong to the mail; what a rule in mode warn found in it is another matter."""
        subject = sends(message_id)[0]["subject"]
        found = mailbox(name or Gateway.person.uid) + ([] if name else mailbox(OFFICE))
        return [one for one in found if one["Auto-Submitted"] and subject in self.body(one)
                and not str(one["Subject"]).startswith("Observaciones")]

    @staticmethod
    def body(mail):
        return "\n".join(part.get_content() for part in mail.walk() if part.get_content_type() == "text/plain")

    def one_notice(self, message_id, *words):
        wait(lambda: self.notices(message_id, Gateway.person.uid), "no notice")
        # A second one would come with the next looks at queue and outbox.
        time.sleep(3)
        found = self.notices(message_id, Gateway.person.uid)
        self.assertEqual(len(found), 1, [one["Subject"] for one in found])
        for word in words:
            self.assertIn(word, str(found[0]["Subject"]) + self.body(found[0]))
        attached = [part for part in found[0].walk() if part.get_filename() == "constancia.pdf"]
        self.assertEqual(len(attached), 1)
        self.assertTrue(attached[0].get_content().startswith(b"%PDF-"))

    def test_notified_goes_to_the_case_and_to_the_sender(self):
        with configured(self.settings(), "provision"):
            _, message_id = self.send_to()
            self.answer(message_id)
            manifest = self.check(self.parcel("notified"), "CONSTANCIA DE NOTIFICACIÓN ELECTRÓNICA", CITIZEN, EXPEDIENTE,
                                  "America/Lima", "No es la firma de un funcionario")
            self.assertEqual(manifest["recipient"], CITIZEN)
            self.one_notice(message_id, "Notificación recibida")
            saved = self.places.path("work", "constancia.pdf")
            demo.acusectl(self.places, "send", "constancia", manifest["send"], "--output", saved)
            self.assertTrue(open(saved, "rb").read().startswith(b"%PDF-"))

    def test_failed_is_one_notice_and_no_report_of_postfix(self):
        authorise("nadie@ciudadano.test")
        with configured(self.settings(), "provision"):
            _, message_id = self.send_to("nadie@ciudadano.test")
            self.check(self.parcel("failed"), "CONSTANCIA DE CORREO NO ENTREGADO", "nadie@ciudadano.test")
            self.one_notice(message_id, "no pudo entregarse", "nadie@ciudadano.test")
            reports = [one for name in (OFFICE, Gateway.person.uid) for one in mailbox(name)
                       if one.get_content_type() == "multipart/report" and message_id.strip("<>") in one.as_string()]
            self.assertEqual(reports, [])

    def test_overdue_is_a_constancia_negativa(self):
        """Six days later, by libfaketime in provisiond alone."""
        with configured(self.settings(), "provision"):
            _, message_id = self.send_to()
            wait(lambda: sends(message_id)[0].get("deadline"), "it got no deadline")
            daemons.kill(self.places, "provision")
            start_later("+6d")
            wait(lambda: sends(message_id)[0]["deliveries"][0]["state"] == "expired", "it does not expire", 60)
            self.check(self.parcel("overdue"), "CONSTANCIA NEGATIVA", "Corresponde notificar por cédula")
            daemons.kill(self.places, "provision")
            start_later("+6d")
            self.one_notice(message_id, "Notificar por cédula")
            self.assertEqual(len(self.notices(message_id, OFFICE)), 1, "the tramite is told once")
            self.answer(message_id)
            self.check(self.parcel("late"), "CONSTANCIA DE RECEPCIÓN TARDÍA")

    def test_notified_by_relay_when_the_institution_says_so(self):
        with configured(dict(self.settings(), proof={"notified_by": "relayed"}), "provision"):
            self.send_to()
            self.check(self.parcel("notified"), "la aceptación del mensaje por el servidor de correo", "No se prueba")

    def certificate(self):
        """Settings by which provisiond makes itself known to the webhook."""
        private = keys.issue(self.places, "webhook", "/C=PE/O=Acuse test/CN=acuse-provisiond",
                             "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n")
        with open(private, "rb") as file:
            key = self.places.write(file.read(), "acuse", "webhook-tls.key", uid=UIDS["provision"], mode=0o400)
        return {"webhook_certificate": self.places.path("ca", "webhook.pem"), "webhook_certificate_key": key,
                "webhook_ca": self.places.ca}

    def assert_nobody_without_one(self, receiver):
        done = subprocess.run(["curl", "-sS", "--max-time", "30", "--cacert", self.places.ca, "-d", "x", receiver.url],
                              capture_output=True, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(receiver.posts, [])

    def test_webhook_that_fails_in_every_way(self):
        plan = [500, "reset", "silence", 401, 302, 503]
        receiver = Receiver(plan, self.places)
        try:
            key = self.places.write(KEY, "acuse", "webhook.key", uid=UIDS["provision"], mode=0o400)
            with configured(self.settings(webhook_url=receiver.url, webhook_key=key, webhook_timeout_ms="2000", **self.certificate()),
                            "provision"):
                self.assert_nobody_without_one(receiver)
                _, message_id = self.send_to()
                self.answer(message_id)
                # The folder does not wait for the webhook.
                self.parcel("notified")
                for count in range(1, len(plan) + 1):
                    wait(lambda: len(receiver.posts) >= count, f"no attempt {count}", 60)
                    demo.acusectl(self.places, "outbox", "retry", parse=False)
                wait(lambda: len(receiver.posts) > len(plan), "it was given up", 60)
                wait(lambda: "tramite.webhook" not in json.dumps(demo.acusectl(self.places, "outbox", "list")), "it stays")
        finally:
            receiver.stop()
        self.assertEqual(len({headers["Idempotency-Key"] for headers, _ in receiver.posts}), 1)
        self.assertEqual(len({body for _, body in receiver.posts}), 1)
        self.assertEqual(set(receiver.callers), {"acuse-provisiond"})
        headers, body = receiver.posts[-1]
        self.assertEqual(headers["Acuse-Signature"], "sha256=" + hmac.new(KEY, body, "sha256").hexdigest())
        parts = parts_of(headers, body)
        for one in json.loads(parts[MANIFEST])["files"]:
            self.assertEqual(hashlib.sha256(parts[one["name"]]).hexdigest(), one["sha256"], one["name"])

    def test_a_share_that_is_away_and_kill_9(self):
        """Nothing is lost while the folder cannot be written and provisiond is killed, and nothing comes twice."""
        os.chown(self.folder, 0, 0)
        os.chmod(self.folder, 0o500)
        with configured(self.settings(), "provision"):
            _, message_id = self.send_to()
            self.answer(message_id)
            listed = wait(lambda: [one for one in demo.acusectl(self.places, "outbox", "list")["items"]
                                   if one["kind"] == "tramite.folder" and one["waits"]], "it does not wait")
            self.assertIn("Permission denied", listed[0]["waits"])
            daemons.kill(self.places, "provision")
            daemons.start(self.places, "provision")
            # Weeks go by, with a restart at their end.
            daemons.kill(self.places, "provision")
            start_later("+40d")
            wait(lambda: [one for one in demo.acusectl(self.places, "outbox", "list")["items"]
                          if one["kind"] == "tramite.folder" and one["waits"]], "it was given up")
            os.chown(self.folder, UIDS["provision"], 0)
            os.chmod(self.folder, 0o755)
            demo.acusectl(self.places, "outbox", "retry", parse=False)
            self.check(self.parcel("notified"))
            self.assertEqual(len(self.parcels()), 1)
            self.one_notice(message_id, "Notificación recibida")

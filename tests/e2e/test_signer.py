"""The signer signs the very bytes that a permit names, for the outgoing milter alone."""
import base64
import http.server
import ssl
import threading
import urllib.request

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


class Counted(Case):
    """Whoever has the key of permits gets signatures; the day after, what no ledger knows is told."""

    def test_a_signature_that_is_not_on_record(self):
        uid = Gateway.person.uid
        known = notification(890)
        self.assertEqual(reply_of(lambda: submit(known))[0], 250)
        self.assert_sent_once(known)
        permit = permit_for(content())
        self.assertEqual(ask(permit, content()), "ok")
        with configured({"notices": {"otic": f"{uid}@{DOMAIN}"}}, "provision"):
            daemons.kill(self.places, "provision")
            start_later("+1d")
            told = lambda: [one for one in mailbox(uid) if "no coinciden" in str(one["Subject"])]
            text = wait(told, "nobody was told")[0].get_content()
            daemons.kill(self.places, "provision")
            daemons.start(self.places, "provision")
        self.assertIn(permit.split()[1], text)
        for send in sends(str(known["Message-ID"])):
            self.assertNotIn(send["id"], text)


class Carrier(http.server.ThreadingHTTPServer):
    """What stands between a holder's computer and the signer, as a provisiond that was taken over: it sees all and may change it."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Relay)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Gateway.places.path("ca", "server.pem"), Gateway.places.path("acuse", "https.key"))
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.seen, self.change = [], lambda path, answer: answer
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()


def post(path, body):
    """Status and answer of the true one."""
    url = f"https://127.0.0.1:{Gateway.places.port('https')}{path}"
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(asked, timeout=60, context=demo.tls(Gateway.places)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, body))
        status, answer = post(self.path, body)
        answer = self.server.change(self.path, answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class FromAfar(Case):
    """The holder's own computer has acusectl, the URL and the signer's identity, and nothing else of the gateway."""
    @classmethod
    def setUpClass(cls):
        cls.enrol(("--holder", f"{Gateway.person.uid}@{DOMAIN}"))
        cls.identity = cls.run_acusectl("token", "identity", "--unlock-socket", cls.unlock_socket()).stdout.strip()

    @classmethod
    def tearDownClass(cls):
        cls.enrol(())

    @staticmethod
    def unlock_socket():
        return Gateway.places.path("run", "signer", "unlock.sock")

    @classmethod
    def enrol(cls, holder):
        act = ("--document", "Memo 12")
        demo.acusectl(Gateway.places, "token", "return", OFFICE_TOKEN, *act)
        demo.acusectl(Gateway.places, "token", "request", OFFICE_TOKEN, "--mailbox", OFFICE_ADDRESS, "--unit", "Secretaria",
                      "--reasons", "Notificar", *holder, *act)
        for verb in ("evaluate", "authorise", "enrol"):
            demo.acusectl(Gateway.places, "token", verb, OFFICE_TOKEN, *act)
        demo.unlock_token(Gateway.places)
        demo.acusectl(Gateway.places, "token", "activate", OFFICE_TOKEN, *act)

    @classmethod
    def run_acusectl(cls, *words, text=""):
        return subprocess.run([Gateway.places.path("bin", "acusectl"), *words], input=text, capture_output=True, text=True, check=False,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, timeout=120)

    def setUp(self):
        self.pin = self.places.state["pins"][OFFICE_TOKEN]
        self.carrier = Carrier()
        self.addCleanup(self.carrier.end)
        demo.acusectl(self.places, "token", "lock", OFFICE_TOKEN, "--document", "Prueba")
        self.addCleanup(self.unlocked_again)

    def is_unlocked(self):
        return [one["unlocked"] for one in api("GET", "/v1/tokens")[1]["items"] if one["label"] == OFFICE_TOKEN] == [True]

    def unlocked_again(self):
        if not self.is_unlocked():
            demo.unlock_token(self.places)

    def unlock(self, user=None, identity=None, password=None, pin=None):
        return self.run_acusectl("token", "unlock", OFFICE_TOKEN, "--remote", f"https://127.0.0.1:{self.carrier.server_port}",
                                 "--ca", self.places.ca, "--user", user or Gateway.person.uid, "--signer", identity or self.identity,
                                 text=f"{password or Gateway.person.password}\n{pin or self.pin}\n")

    def calls(self):
        return [path.rpartition("/")[2] for path, _ in self.carrier.seen]

    def test_unlocks_and_the_carrier_learns_no_pin(self):
        done = self.unlock()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(self.is_unlocked())
        self.assertEqual(self.calls(), ["token-offer", "token-unlock"])
        sent = json.loads(self.carrier.seen[1][1])
        self.assertEqual(set(sent), {"offer", "sealed"})
        sealed = base64.b64decode(sent["sealed"])
        for _, body in self.carrier.seen + [("", sealed)]:
            self.assertNotIn(self.pin.encode(), body)
        # However long a PIN is, this has one length.
        self.assertEqual(len(sealed), 256 + 48)
        # What it kept is of no more use.
        demo.acusectl(self.places, "token", "lock", OFFICE_TOKEN, "--document", "Prueba")
        status, answer = post(*self.carrier.seen[1])
        self.assertEqual(json.loads(answer)["code"], "permit", (status, answer))
        self.assertFalse(self.is_unlocked())

    def test_a_key_of_the_carriers_own(self):
        def swap(path, answer):
            offer = json.loads(answer)
            lines = offer["offer"].split("\n")
            lines[4] = secrets.token_hex(32)
            return json.dumps(dict(offer, offer="\n".join(lines))).encode()
        self.carrier.change = swap
        self.refused_before_the_pin(self.unlock())

    def test_another_signer(self):
        self.refused_before_the_pin(self.unlock(identity=secrets.token_hex(32)))

    def refused_before_the_pin(self, done):
        self.assertEqual(done.returncode, 1)
        self.assertIn("no escriba el PIN", done.stderr)
        self.assertEqual(self.calls(), ["token-offer"])
        self.assertFalse(self.is_unlocked())

    def test_only_its_holder_gets_an_offer(self):
        for user, password, code in ((Gateway.person.uid, "Otra-0000.x", "unauthenticated"), ("nadie", "Otra-0000.x", "unauthenticated")):
            with self.subTest(user=user, password=password):
                done = self.unlock(user=user, password=password)
                self.assertEqual(done.returncode, 1)
                self.assertIn(code, done.stderr)
        self.assertFalse(self.is_unlocked())

    def test_an_offer_for_somebody_else(self):
        """The carrier logs in as the true holder and hands that offer to another person."""
        body = json.dumps({"uid": Gateway.person.uid, "password": Gateway.person.password, "token": OFFICE_TOKEN}).encode()
        true_offer = post("/v1/self/token-offer", body)[1]
        self.carrier.change = lambda path, answer: true_offer
        self.server_says_yes()
        self.refused_before_the_pin(self.unlock(user="jperez"))

    def server_says_yes(self):
        plain = Relay.send_response
        Relay.send_response = lambda handler, status: plain(handler, 200)
        self.addCleanup(setattr, Relay, "send_response", plain)

"""CAdES-T: each signature gets a time-stamp of an authority, and what happens when there is none."""
import os
import re
import shutil
import subprocess
import tempfile
import time

import tsa
from harness import FAKETIME, OFFICE_TOKEN, Case, Failure, Gateway, daemons, demo, mails, notification, processes, sends, settle, submit, wait

ATTRIBUTE = "id-smime-aa-timeStampToken"


def configure(lines):
    """Lines of [signing] more, for provisiond and the outgoing milter; the old text."""
    places = Gateway.places
    with open(places.path("acuse", "acuse.conf"), encoding="utf-8") as file:
        text = file.read()
    places.write(text.replace("[signing]\n", "[signing]\n" + lines, 1), "acuse", "acuse.conf")
    for name in ("provision", "outgoing"):
        processes.stop(places, name)
        daemons.start(places, name)
    settle()
    return text


class Timestamps(Case):
    def setUp(self):
        super().setUp()
        self.work = tempfile.mkdtemp(prefix="acuse-tsa-", dir="/tmp")
        os.chmod(self.work, 0o755)
        self.addCleanup(subprocess.run, ["rm", "-rf", self.work], check=True)

    def set_up(self, lines):
        text = configure(lines)

        def back():
            Gateway.places.write(text, "acuse", "acuse.conf")
            for name in ("provision", "outgoing"):
                processes.stop(Gateway.places, name)
                daemons.start(Gateway.places, name)
        self.addCleanup(back)

    def cms_of(self, mail):
        """What the citizen's server got, as a file of the DER."""
        path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "nothing arrived")[0]
        parts = [one for one in mails.parse(path).walk() if one.get_content_type() in
                 ("application/pkcs7-signature", "application/x-pkcs7-signature")]
        self.assertEqual(len(parts), 1)
        der = os.path.join(self.work, "signature.der")
        with open(der, "wb") as file:
            file.write(parts[0].get_payload(decode=True))
        return path, der

    def print_cms(self, der):
        return subprocess.run(["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", der, "-noout"],
                              capture_output=True, text=True, check=True).stdout

    def test_with(self):
        with tsa.authority(os.path.join(self.work, "tsa")) as authority:
            self.set_up(f"on_failure=hold\ntsa_url={authority.url}\ntsa_trust={authority.trust}\n")
            mail = notification(801)
            submit(mail)
            _, der = self.cms_of(mail)
            self.assertIn(ATTRIBUTE, self.print_cms(der))
            self.assertEqual(authority.asked, 1)
            self.check_token(der, authority)
            self.check_held(authority)
        send = wait(lambda: [one for one in sends(str(mail["Message-ID"])) if one["state"] == "released"], "not released")[0]
        self.assertIn("timestamped", [one["event"] for one in send["timeline"]])

    def check_held(self, authority):
        """What the second stage signs gets its time-stamp then."""
        demo.acusectl(self.places, "token", "lock", OFFICE_TOKEN, "--document", "Prueba")
        held = notification(807)
        submit(held)
        self.assertEqual([one["state"] for one in sends(str(held["Message-ID"]))], ["held"])
        demo.unlock_token(self.places)
        _, der = self.cms_of(held)
        self.assertIn(ATTRIBUTE, self.print_cms(der))
        self.assertEqual(authority.asked, 2)
        self.check_token(der, authority)

    def check_token(self, der, authority):
        """openssl(1) alone: the token is over this very signature, and its authority's."""
        dump = subprocess.run(["openssl", "asn1parse", "-inform", "DER", "-in", der], capture_output=True, text=True,
                              check=True).stdout.splitlines()
        at = next(i for i, line in enumerate(dump) if ATTRIBUTE in line)
        token = next(line for line in dump[at:] if "SEQUENCE" in line)
        offset = int(re.match(r" *(\d+):", token)[1])
        signature = next(line for line in reversed(dump[:at]) if "OCTET STRING" in line and "[HEX DUMP]" in line)
        value = bytes.fromhex(signature.split("[HEX DUMP]:")[1])
        out, data = os.path.join(self.work, "token"), os.path.join(self.work, "signature")
        with open(data, "wb") as file:
            file.write(value)
        subprocess.run(["openssl", "asn1parse", "-inform", "DER", "-in", der, "-strparse", str(offset), "-noout", "-out", out],
                       capture_output=True, check=True)
        done = subprocess.run(["openssl", "ts", "-verify", "-in", out, "-token_in", "-data", data, "-CAfile", authority.root],
                              capture_output=True, text=True, check=False)
        self.assertIn("Verification: OK", done.stdout + done.stderr)

    def test_another_authority(self):
        """One that is not trusted is none: the mail waits."""
        with tsa.authority(os.path.join(self.work, "one")) as one, tsa.authority(os.path.join(self.work, "two")) as two:
            self.set_up(f"tsa_url={one.url}\ntsa_trust={two.trust}\n")
            self.assert_refused(lambda: submit(notification(802)), 451)
            self.assertEqual(one.asked, 1)

    def test_nonsense(self):
        """Whatever it answers, the mail waits, and its client not for long."""
        kept = []

        def endless(handler, _):
            handler.send_response(200)
            handler.end_headers()
            while True:
                handler.wfile.write(bytes(65536))

        def drop_by_drop(handler, answer):
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(answer)))
            handler.end_headers()
            for byte in answer:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                time.sleep(0.1)

        def keep(handler, answer):
            kept.append(answer)
            handler.answer(b"")
        spoils = [keep, endless, drop_by_drop, lambda one, answer: one.answer(kept[0]), lambda one, answer: one.answer(bytes(5000)),
                  lambda one, answer: one.answer(answer[:-9]), lambda one, answer: one.answer(bytes.fromhex("30053003020102")),
                  lambda one, answer: one.answer(answer, 500), lambda one, answer: one.answer(b"", 302, [("Location", "file:///etc/passwd")])]
        with tsa.authority(os.path.join(self.work, "tsa")) as authority:
            self.set_up(f"tsa_url={authority.url}\ntsa_timeout_ms=1000\n")
            for number, authority.spoil in enumerate(spoils):
                with self.subTest(number=number):
                    begun = time.monotonic()
                    self.assert_refused(lambda: submit(notification(810 + number)), 451)
                    self.assertLess(time.monotonic() - begun, 20)
            authority.spoil = None
            for number, clock in enumerate(("+2h", "-2h")):
                authority.clock = {"LD_PRELOAD": FAKETIME, "FAKETIME": clock}
                self.assert_refused(lambda: submit(notification(820 + number)), 451)
            authority.clock = {}
            mail = notification(822)
            submit(mail)
            _, der = self.cms_of(mail)
            self.assertIn(ATTRIBUTE, self.print_cms(der))

    def test_away(self):
        self.set_up("tsa_url=http://127.0.0.1:9/\n")
        self.assert_refused(lambda: submit(notification(803)), 451)

    def test_away_and_without(self):
        self.set_up("tsa_url=http://127.0.0.1:9/\ntsa_missing=sign\n")
        mail = notification(804)
        submit(mail)
        _, der = self.cms_of(mail)
        self.assertNotIn(ATTRIBUTE, self.print_cms(der))
        send = wait(lambda: [one for one in sends(str(mail["Message-ID"])) if one["state"] == "released"], "not released")[0]
        self.assertIn("untimestamped", [one["event"] for one in send["timeline"]])

    def test_heads(self):
        """The head of the ledger too: openssl(1) alone checks it, the bundle has it, and without an authority it is a head."""
        with tsa.authority(os.path.join(self.work, "tsa")) as authority:
            self.set_up(f"tsa_url={authority.url}\ntsa_trust={authority.trust}\n")
            mail = notification(805)
            submit(mail)
            send = wait(lambda: [one for one in sends(str(mail["Message-ID"])) if one["state"] == "released"], "not released")[0]
            bundle = os.path.join(self.work, "proof.asice")
            demo.acusectl(self.places, "proof", "export", send["id"], "--output", bundle)
            authority.clock = {"LD_PRELOAD": FAKETIME, "FAKETIME": "+2h"}
            apart = demo.acusectl(self.places, "ledger", "head")
            self.assertIsNone(apart["cms"], apart)
            self.assertIn("clock", apart["trouble"]["detail"])
        unpacked = os.path.join(self.work, "unpacked")
        subprocess.run(["unzip", "-q", bundle, "-d", unpacked], check=True)
        done = subprocess.run(["openssl", "ts", "-verify", "-data", "head.json", "-in", "head.tsr", "-CAfile", authority.root],
                              capture_output=True, text=True, cwd=unpacked, check=False)
        self.assertIn("Verification: OK", done.stdout + done.stderr)
        trust = os.path.join(self.work, "believed")
        os.mkdir(trust)
        shutil.copy(self.places.ca, os.path.join(trust, "ca.pem"))
        with self.assertRaisesRegex(Failure, "head.tsr"):
            demo.acusectl(self.places, "proof", "verify", bundle, "--trust", trust, parse=False)
        shutil.copy(authority.root, os.path.join(trust, "tsa.pem"))
        self.assertIn("Sello de tiempo", demo.acusectl(self.places, "proof", "verify", bundle, "--trust", trust, parse=False))

    def test_heads_without_authority(self):
        self.set_up("tsa_url=http://127.0.0.1:9/\ntsa_missing=sign\n")
        submit(notification(806))
        head = demo.acusectl(self.places, "ledger", "head")
        self.assertIsNotNone(head["cms"])
        self.assertIsNone(head["tsr"])

"""acuse-look, which unpacks what came with a mail, crashes or hangs: the mail is deferred, nothing passes unseen."""
from test_attachments import PROGRAM, packed, with_file

from harness import *

SCRIPTS = {"crashed": "kill -SEGV $$", "took too long": "exec sleep 600"}


@contextlib.contextmanager
def looker(script):
    """Another program in its place, for a while; the milters start it for each archive."""
    path = Gateway.places.path("bin", "acuse-look")
    os.rename(path, path + ".kept")
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(path, 0o755)
        yield
    finally:
        os.rename(path + ".kept", path)


class Look(Case):
    def assert_deferred(self, call, daemon, why):
        with open(self.places.log(daemon), encoding="utf-8") as log:
            log.seek(0, os.SEEK_END)
            self.assert_refused(call, 451, "4.")
            said = log.read()
        self.assertIn("a packed attachment could not be looked into: acuse-look " + why, said)

    def test_outgoing(self):
        for number, (why, script) in enumerate(SCRIPTS.items()):
            with self.subTest(why):
                mail = with_file(mails.make_plain(f"Planos {number}", OFFICE_ADDRESS, CITIZEN), "planos.zip",
                                 packed("plano.txt", b"1"))
                with looker(script):
                    self.assert_deferred(lambda m=mail: submit(m), "outgoing", why)
                    self.assertEqual(sends(str(mail["Message-ID"])), [])
                    # What needs no look goes its way.
                    self.assertEqual(retry(mails.make_plain("Sin adjunto", OFFICE_ADDRESS, CITIZEN))[0], 250)
                self.assertEqual(retry(mail)[0], 250)
                self.assert_sent_once(mail)

    def test_inbound(self):
        def send(content):
            mail = with_file(mails.make_plain("Escrito", CITIZEN, OFFICE_ADDRESS), "escrito.zip", content)
            return reply_of(lambda: mails.from_outside(self.places, mail, CITIZEN, [OFFICE_ADDRESS]))
        good, bad = packed("escrito.txt", b"1"), packed("escrito.exe", PROGRAM)
        for why, script in SCRIPTS.items():
            with self.subTest(why):
                with looker(script):
                    for content in (good, bad):
                        self.assertEqual(send(content)[0], 451)
                self.assertEqual(send(good)[0], 250)
                self.assertEqual(send(bad)[0], 550)

"""P8 and P9 through real Postfix, both directions; and a chain with opendkim behind us."""
import binascii
import io
import socket
import zipfile

from harness import *

PROGRAM = b"MZ\x90\0\3\0\0\0" + b"\0" * 120 + b"PE\0\0" + b"\0" * 200
HEAVY_BYTES = 5 * 1024 * 1024
NAME = "informe técnico n.º 3 año 2026.csv"


def packed(name, content):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return out.getvalue()


def with_file(mail, name, content):
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail


def uuencoded(name, content):
    lines = (binascii.b2a_uu(content[at:at + 45]).decode() for at in range(0, len(content), 45))
    return f"Adjunto.\n\nbegin 644 {name}\n{''.join(lines)}`\nend\n"


def plain(subject):
    return mails.make_plain(subject, OFFICE_ADDRESS, CITIZEN)


def files_of(mail):
    return {part.get_filename(): part for part in mail.iter_attachments()}


class Outgoing(Case):
    def copy_of(self, mail):
        path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0]
        return path, mails.parse(path)

    def test_a_program_in_a_zip_goes_back(self):
        mail = with_file(plain("Consulta"), "factura.zip", packed("factura.pdf.exe", PROGRAM))
        self.assert_refused(lambda: submit(mail), 550, "5.7.1", "[P9]", "factura.zip/factura.pdf.exe", "DI-002")
        self.assertEqual(sends(str(mail["Message-ID"])), [])
        self.assertEqual(mails.received(self.places, str(mail["Message-ID"])), [])

    def test_a_program_by_content_goes_back(self):
        self.assert_refused(lambda: submit(with_file(notification(901), "anexo.pdf", PROGRAM)), 550, "[P9]", "anexo.pdf")

    def test_a_program_uuencoded_in_the_text_goes_back(self):
        mail = plain("Consulta")
        mail.set_content(uuencoded("factura.txt", PROGRAM))
        self.assert_refused(lambda: submit(mail), 550, "[P9]", "factura.txt")

    def test_a_document_in_a_zip_passes(self):
        content = packed("carta.pdf", mails.make_pdf())
        mail = with_file(notification(902), "anexo.zip", content)
        # The signer may still be on its way back from a case before.
        self.assertEqual(retry(mail)[0], 250)
        self.assert_sent_once(mail)

    def heavy(self, mail):
        content = b"".join(b"%d;Predio urbano en la manzana %d;S/ %d.00\r\n" % (i, i % 97, i * 3)
                           for i in range(HEAVY_BYTES // 40))
        content += b"x" * (HEAVY_BYTES + 1 - len(content))
        with_file(mail, NAME, content)
        submit(mail)
        return content

    def assert_zipped(self, parsed, content):
        part = files_of(parsed)[NAME + ".zip"]
        self.assertEqual(part.get_content_type(), "application/zip")
        self.assertEqual(part.get_content_disposition(), "attachment")
        self.assertEqual(parsed.defects + part.defects, [])
        with zipfile.ZipFile(io.BytesIO(part.get_content())) as file:
            self.assertEqual(file.namelist(), [NAME])
            self.assertEqual(file.read(NAME), content)

    def test_a_heavy_file_travels_in_a_zip(self):
        mail = plain("Padrón de predios")
        content = self.heavy(mail)
        _, parsed = self.copy_of(mail)
        self.assert_zipped(parsed, content)
        self.assertIn("Buenos días.", parsed.get_body(("plain",)).get_content())
        self.assertIn("Rosa Morales Aranda", parsed.get_body(("plain",)).get_content())
        self.assert_sent_once(mail)

    def test_a_heavy_file_in_a_signed_notification(self):
        mail = notification(903)
        content = self.heavy(mail)
        path, parsed = self.copy_of(mail)
        mails.verify_signature(self.places, path, self.places.path("heavy.content"), OFFICE_ADDRESS)
        entity = parsed.get_payload(0)
        self.assert_zipped(entity, content)
        self.assertEqual(files_of(entity)["carta-123.pdf"].get_content(), mails.make_pdf())
        self.assert_sent_once(mail)


class Inbound(Case):
    def from_citizen(self, mail):
        return mails.from_outside(self.places, mail, CITIZEN, [OFFICE_ADDRESS])

    def test_a_program_is_not_let_in(self):
        mail = with_file(mails.make_plain("Escrito", CITIZEN, OFFICE_ADDRESS), "escrito.zip", packed("escrito.js", b"1"))
        self.assert_refused(lambda: self.from_citizen(mail), 550, "5.7.1", "[P9]", "escrito.zip/escrito.js")

    def test_nor_one_uuencoded_in_the_text(self):
        mail = mails.make_plain("Escrito", CITIZEN, OFFICE_ADDRESS)
        mail.set_content(uuencoded("escrito.exe", b"1"))
        self.assert_refused(lambda: self.from_citizen(mail), 550, "[P9]", "escrito.exe")

    def test_a_document_is(self):
        mail = with_file(mails.make_plain("Escrito", CITIZEN, OFFICE_ADDRESS), "escrito.zip",
                         packed("escrito.pdf", mails.make_pdf()))
        self.from_citizen(mail)
        wait(lambda: [one for one in mailbox(OFFICE) if one["Message-ID"] == str(mail["Message-ID"])],
             "not in the office's mailbox")

    def test_both_while_provisiond_is_down(self):
        bad = with_file(mails.make_plain("Escrito", CITIZEN, OFFICE_ADDRESS), "a.exe", PROGRAM)
        good = with_file(mails.make_plain("Escrito", CITIZEN, OFFICE_ADDRESS), "a.pdf", mails.make_pdf())
        with down("provision"):
            self.assert_refused(lambda: self.from_citizen(bad), 550, "[P9]")
            self.assertEqual(reply_of(lambda: self.from_citizen(good))[0], 250)


DKIM = """Background no
Socket local:{folder}/dkim.sock
UMask 007
Mode s
Domain {domain}
Selector prueba
KeyFile {key}
SignatureAlgorithm rsa-sha256
Canonicalization relaxed/simple
InternalHosts 0.0.0.0/0
RequireSafeKeys no
Syslog no
"""


def answers(path):
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        return True
    return False


class Chain(Case):
    """opendkim signs what we made of the mail, and nothing of ours comes after it."""

    def setUp(self):
        import dkim
        self.dkim = dkim
        self.folder = self.places.path("postfix", "spool", "acuse")
        key = self.places.path("dkim.key")
        processes.run(["openssl", "genrsa", "-out", key, "2048"], "no DKIM key")
        self.public = processes.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "PEM"], "no public key")
        self.places.write(DKIM.format(folder=self.folder, key=key, domain=DOMAIN), "dkim.conf")
        processes.start(self.places, "dkim-signer", ["/usr/sbin/opendkim", "-f", "-x", self.places.path("dkim.conf")])
        self.addCleanup(processes.stop, self.places, "dkim-signer")
        wait(lambda: answers(self.folder + "/dkim.sock"), "opendkim does not answer")
        self.chain("unix:acuse/outgoing.sock", "unix:acuse/outgoing.sock,unix:acuse/dkim.sock")

    def chain(self, old, new):
        etc = self.places.path("postfix", "etc")
        path = os.path.join(etc, "master.cf")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.places.write(text.replace(f"smtpd_milters={old}", f"smtpd_milters={new}", 1), etc, "master.cf")
        processes.run(["postfix", "-c", etc, "reload"], "Postfix does not reload")

        def restore():
            self.places.write(text, etc, "master.cf")
            processes.run(["postfix", "-c", etc, "reload"], "Postfix does not reload")
        self.addCleanup(restore)

    def dns(self, name, timeout=5):
        del timeout
        self.assertTrue(name.startswith(b"prueba._domainkey."), name)
        digits = "".join(self.public.split("\n")[1:-2])
        return b"v=DKIM1; k=rsa; p=" + digits.encode()

    def copy_of(self, mail):
        path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0]
        with open(path, "rb") as file:
            return file.read()

    def test_its_signature_verifies_after_us(self):
        for number, make in enumerate((lambda: notification(904), lambda: plain("Consulta"),
                                       lambda: with_file(plain("Padrón"), NAME, b"1;2\r\n" * (HEAVY_BYTES // 4)))):
            with self.subTest(number=number):
                mail = make()
                # The first connections after a reload may still be of the old chain.
                code, text = retry(mail)
                self.assertEqual(code, 250, text)
                raw = self.copy_of(mail)
                self.assertEqual(raw.count(b"\nDKIM-Signature:"), 1)
                self.assertTrue(self.dkim.verify(raw, dnsfunc=self.dns))
                self.assertFalse(self.dkim.verify(raw[:-3] + b"x" + raw[-3:], dnsfunc=self.dns))

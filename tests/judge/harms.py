"""The judge judged: good results pass, and each of these harms, done to a good result, is found."""
import email.message
import io
import zipfile

import judge
import reader
import zipped
from compare import Block, Wrong
from messages import Message

BLOCK = Block(["Rosa Morales Aranda", "Secretaría General", "Municipalidad de Prueba", "Tel. 555-0100"])
PLAIN = "Rosa Morales Aranda\r\nSecretaría General\r\nMunicipalidad de Prueba\r\nTel. 555-0100\r\n".encode()
HTML = ("<div>Rosa Morales Aranda<br>\r\nSecretar&#237;a General<br>\r\nMunicipalidad de Prueba<br>\r\n"
        "Tel. 555-0100</div>\r\n").encode()
BEFORE = b"""Subject: Consulta
Date: Sat, 21 Nov 2026 10:00:00 -0500
X-Mailer:odd
Message-ID: <a@muni.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=a

preamble
--a
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8; format=flowed
Content-Transfer-Encoding: 8bit

Se\xc3\xb1or:
--b
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

<html><body>Se\xf1or: <!-- </body> --></body></html>
--b--

--a
Content-Type: message/rfc822

Subject: adjunto

texto adjunto
--a
Content-Type: application/pdf; name=carta.pdf
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=carta.pdf

JVBERi0xLjQ=
--a--
epilogue
"""
PLAIN_END, HTML_END, OWN = b"Se\xc3\xb1or:\r\n", b"--></body></html>", (b"Acuse-Id", b"Disposition-Notification-To")


def good():
    """A right result for BEFORE."""
    message = Message.parse(BEFORE)
    for name in OWN:
        message.add(name, b"x")
    message.body = message.body.replace(PLAIN_END, PLAIN_END + b"\r\n" + PLAIN).replace(
        HTML_END, HTML_END.replace(b"</body>", b"\r\n" + HTML + b"</body>"))
    return message


def body(old, new, count=1):
    def change(message):
        if old not in message.body:
            raise LookupError(old)
        message.body = message.body.replace(old, new, count)
    return change


def field(name, value):
    def change(message):
        message.delete(name)
        if value is not None:
            message.add(name, value)
    return change


HARMS = {
    "a byte of the attachment": body(b"JVBERi0x", b"JVBERi0y"),
    "the attachment is gone": body(b"JVBERi0xLjQ=", b""),
    "the attachment encoded again": body(b"JVBERi0xLjQ=", b"JVBERi0x\r\nLjQ="),
    "the name of the attachment": body(b"filename=carta.pdf", b"filename=otra.pdf"),
    "the attached message": body(b"texto adjunto", b"texto adjunto\r\n" + PLAIN),
    "the preamble": body(b"preamble", b""), "the epilogue": body(b"epilogue", b"epilogue."),
    "a blank after a boundary": body(b"--b\r\n", b"--b \r\n"),
    "format=flowed is gone": body(b"; format=flowed", b""),
    "the charset of the HTML": body(b"charset=iso-8859-1", b"charset=utf-8"),
    "the text before the block": body(b"Se\xc3\xb1or:", b"Senor:"),
    "the block twice in the text": body(PLAIN, PLAIN + b"\r\n" + PLAIN),
    "the block twice in the HTML": body(HTML, HTML + HTML),
    "no block in the text": body(b"\r\n" + PLAIN, b""), "no block in the HTML": body(b"\r\n" + HTML, b""),
    "a line of the block is missing": body("Secretaría General\r\n".encode(), b""),
    "the block in a comment": lambda message: (body(b"\r\n" + HTML, b"")(message), body(b"<!-- ", b"<!-- " + HTML)(message)),
    "the block in a script": body(HTML, b"<script>" + HTML + b"</script>"),
    "the block after </html>": lambda message: (body(b"\r\n" + HTML, b"")(message), body(HTML_END, HTML_END + HTML)(message)),
    "HTML before the block": body(b"<html>", b"<html lang=es>"),
    "a part more": body(b"--a--", b"--a\r\n\r\nmore\r\n--a--"),
    "the last boundary": body(b"--a--", b""),
    "a field changed": field(b"Subject", b"Otra"), "a field gone": field(b"X-Mailer", None),
    "a blank in a field": field(b"X-Mailer", b"odd"), "a field more": field(b"X-New", b"x"),
    "a Date that is not now": field(b"Date", b"Sat, 21 Nov 2020 10:00:00 -0500"),
    "our field is missing": field(b"Acuse-Id", None),
    "the top Content-Type": field(b"Content-Type", b"multipart/related; boundary=a"),
}


FILE = b"predio urbano\r\n" * 360000


def pack(name, content, how=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as file:
        file.writestr(name, content)
    return out.getvalue()


def attached(kind, name, content):
    part = email.message.EmailMessage()
    part.set_content(content, *kind.split("/"), filename=name)
    return reader.read(part.as_bytes())


def zip_part(content=FILE, name="padrón.csv", outside="padrón.csv.zip", how=zipfile.ZIP_DEFLATED):
    return attached("application/zip", outside, pack(name, content, how))


ZIP_HARMS = {
    "a byte of a file in a zip": zip_part(FILE[:-1] + b"x"), "the end of a file in a zip": zip_part(FILE[:-1]),
    "the name in a zip": zip_part(name="padron.csv"), "the name of a zip": zip_part(outside="anexo.zip"),
    "both names of a zip": zip_part(name="anexo", outside="anexo.zip"), "a path in a zip": zip_part(name="../padrón.csv"),
    "a zip that is not smaller": zip_part(how=zipfile.ZIP_STORED),
    "no zip": attached("application/zip", "padrón.csv.zip", b"PK\3\4" + b"x" * 100),
}


def run_zips(counts):
    before = attached("text/csv", "padrón.csv", FILE)
    light = attached("text/csv", "padrón.csv", FILE[:5000])
    cases = {"a good zip": (before, zip_part(), False), "a zip of a light file": (light, zip_part(FILE[:5000]), True)}
    cases.update({name: (before, after, True) for name, after in ZIP_HARMS.items()})
    for name, (one, other, harm) in cases.items():
        found = zipped.fault(one, other)
        if bool(found) == harm:
            counts.passed(f"judge: {name}")
        else:
            counts.failed(f"judge: {name}: found {found}")


class Pair:
    """What judge() takes."""

    def __init__(self, before, after):
        self.before, self.after = before, after


def verdict(change):
    after = good()
    change(after)
    try:
        return judge.judge(Pair(Message.parse(BEFORE), after), BLOCK, False).kind
    except Wrong as wrong:
        return wrong


def run(_post, counts, _folder):
    first = verdict(lambda message: None)
    if first == "block":
        counts.passed("judge: a good result")
    else:
        counts.failed(f"judge: a good result: {first}")
    for name, change in HARMS.items():
        found = verdict(change)
        if isinstance(found, Wrong):
            counts.passed(f"judge: {name}")
        else:
            counts.failed(f"judge: {name}: not found, {found}")
    run_zips(counts)

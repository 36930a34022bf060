"""Random messages: nesting, charsets, transfer encodings, HTML of all kinds, and damage. The same number gives the same message."""
import base64
import binascii
import random

SPANISH = "Señor Núñez: se le notifica la resolución adjunta, según el artículo 20.4; plazo de quince días hábiles."
WORDS = ("Estimado", "ciudadano", "expediente", "resolución", "notificación", "mañana", "señor", "Ñuñoa", "año", "público",
         "carta", "adjunto", "plazo", "hábiles", "From", ".", "--", "día")
CHARSETS = ("us-ascii", "utf-8", "iso-8859-1", "windows-1252", "iso-8859-15", "utf-16", "utf-16le", "utf-7", "iso-2022-jp",
            "UTF-8", "Latin1", "cp850", "big5", "shift_jis", "gb18030", "koi8-r", "x-unknown", "")
# What an employee's own client may have written already.
OWN_BLOCK = ["Rosa Morales Aranda", "Secretaria General", "Secretaría General", "Municipalidad Distrital de Prueba",
             "Tel. (01) 555-0100"]
ENCODINGS = ("7bit", "8bit", "quoted-printable", "base64", "binary", "")
DAMAGE_IN_100 = 25


class Maker:
    """One message from one seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.eol = b"\n" if self.chance(10) else b"\r\n"
        self.damaged = self.chance(DAMAGE_IN_100)

    def chance(self, in_100):
        return self.random.randrange(100) < in_100

    def pick(self, *choices):
        return self.random.choice(choices)

    def message(self):
        fields, body = self.part(0)
        head = [b"Date: Sat, 21 Nov 2026 10:00:00 -0500", b"To: ciudadano@ciudadano.test", b"Subject: Consulta"]
        if self.chance(30):
            head.append(b"Cc: =?utf-8?B?" + base64.b64encode("Núñez".encode()) + b"?= <otro@ciudadano.test>,\r\n\tuno@ciudadano.test")
        if self.chance(20):
            head.append(b"X-Mailer:without a blank" + self.pick(b"", b" and a trailing one ", b"\r\n and a fold"))
        if fields or self.chance(80):
            head.append(self.pick(b"MIME-Version: 1.0", b"Mime-Version: 1.0", b"MIME-Version: 1.0 (a comment)"))
        self.random.shuffle(head)
        return self.eol.join(head + fields) + self.eol + self.eol + body

    def part(self, depth):
        """(fields, body) of anything."""
        if depth < 5 and self.chance(55 - 10 * depth):
            return self.multipart(depth)
        kind = self.random.randrange(100)
        if depth == 0 or kind < 55:
            return self.text()
        if kind < 80:
            return self.attachment()
        if kind < 90:
            return self.attached_message(depth)
        return self.other()

    def multipart(self, depth):
        kind = self.pick("mixed", "mixed", "alternative", "alternative", "related", "report", "digest", "x-odd", "parallel")
        if self.chance(4):
            return self.protected()
        boundary = self.boundary()
        if kind == "alternative":
            parts = [self.plain(), self.html()] + ([self.multipart_related(depth)] if self.chance(20) and depth < 4 else [])
            parts += [self.calendar()] if self.chance(10) else []
        elif kind == "related":
            parts = [self.html() if self.chance(70) else self.part(depth + 1), self.image()]
        elif kind == "digest":
            parts = [self.attached_message(depth)]
        else:
            parts = [self.part(depth + 1) for _ in range(self.random.randrange(1, 4))]
        name = self.quoted(boundary)
        field = self.pick("Content-Type: multipart/{0}; boundary={1}", "content-type: Multipart/{0};\r\n boundary={1}",
                          "Content-Type: multipart/{0};\r\n\tcharset=utf-8; boundary={1}",
                          "Content-Type: multipart/{0}; x=\"a;b\"; BOUNDARY={1}").format(kind, name)
        return [field.encode()], self.assemble(boundary, parts)

    def multipart_related(self, depth):
        boundary = self.boundary()
        return [f"Content-Type: multipart/related; boundary=\"{boundary}\"".encode()], self.assemble(
            boundary, [self.html(), self.image()])

    def boundary(self):
        return self.pick("b{0}", "=_Part_{0}", "----=_NextPart_000_{0}", "{0}.{0}", "a b{0}", "'{0}'", "x" * 60 + "{0}").format(
            self.random.randrange(10 ** 6))

    def quoted(self, boundary):
        plain = all(letter.isalnum() or letter in "._-" for letter in boundary)
        return boundary if plain and self.chance(40) else f'"{boundary}"'

    def assemble(self, boundary, parts):
        line, eol = b"--" + boundary.encode(), self.eol
        # Nothing between parts can be encoded: with 8-bit bytes there a mail cannot be signed.
        eight_bit = self.damaged and self.chance(3)
        out = b"Pre\xe1mbulo" + eol if eight_bit else self.pick(
            b"", b"", b"This is a multi-part message in MIME format." + eol, eol)
        for fields, body in parts:
            blanks = self.pick(b" ", b"\t  ") if self.damaged and self.chance(20) else b""
            out += line + blanks + eol + b"".join(field + eol for field in fields)
            if not (self.damaged and not fields and self.chance(5)):
                out += eol
            out += body + eol
        if self.damaged and self.chance(15):
            return out  # never closed
        return out + line + b"--" + self.pick(b"", b" " if self.damaged else b"") + eol + self.pick(
            b"", b"", eol, b"Epilogo" + eol, b"--" + boundary.encode() + b"x" + eol)

    def sentence(self):
        text = " ".join(self.pick(*WORDS) for _ in range(self.random.randrange(1, 30)))
        return SPANISH if self.chance(20) else text

    def lines(self):
        lines = [self.sentence() for _ in range(self.random.randrange(0, 8))]
        if self.chance(10):
            lines.append("larga " * 300)
        if self.chance(20):
            lines += ["", "El lunes, Juan escribió:", "> Gracias.", "> Rosa Morales Aranda"]
        if self.chance(10):
            lines += ["-- ", "Rosa Morales Aranda"]
        if self.chance(10):
            lines.append("")
        if self.chance(6):
            lines += [""] + OWN_BLOCK
        if self.chance(3):
            lines += ["> " + line for line in OWN_BLOCK]
        return lines

    def text(self):
        return self.html() if self.chance(40) else self.plain()

    def plain(self):
        text = "\n".join(self.lines()) + self.pick("", "\n", "\n\n")
        flowed = self.chance(25)
        more = self.pick("; format=flowed", "; format=flowed; delsp=yes", "; FORMAT=Flowed") if flowed else ""
        return self.leaf("text/plain" + more, text)

    def html(self):
        body = "<br>\n".join(self.lines())
        text = self.pick(
            "<!DOCTYPE html>\n<html><head><title>Carta</title></head><body>{0}</body></html>", "<p>{0}</p>", "{0}",
            "<HTML><BODY bgcolor=\"#fff\">{0}</BODY >\n</HTML>\n", "<html><body>{0}", "<div>{0}</div></body>",
            "<html><body><!-- </body> --><p>{0}</p><!-- a comment with </body></html> --></body></html>",
            "<html><body><script>var a = '</body>';</script>{0}<style>p {{ color: red }}</style></body></html>",
            "<html><body><!--[if mso]><table><tr><td><![endif]-->{0}<!--[if mso]></td></tr></table><![endif]--></body></html>",
            "<html><body><p>{0}<p>uno<b>dos</body></html><!-- end -->", "<body>{0}</body>\n<p>despu&eacute;s</p>",
            "<table><tr><td>{0}</td></tr></table>", "<html><body><blockquote><body>{0}</body></blockquote></body></html>",
            "<html><body>{0}<img alt='</body>' src=cid:x></body></html>", "<pre>{0}</pre>").format(body)
        return self.leaf("text/html", text)

    def leaf(self, kind, text):
        name = self.pick(*CHARSETS) if self.chance(60) else "utf-8"
        raw = text.replace("\n", self.eol.decode()).encode(self.codec(name), "replace")
        if self.damaged and self.chance(15):
            raw = self.spoil(raw)
        fields = []
        if name or kind != "text/plain" or self.chance(50):
            charset = self.pick("; charset={0}", "; charset=\"{0}\"", ";\r\n\tCHARSET={0}").format(name) if name else ""
            fields.append(f"Content-Type: {kind}{charset}".encode())
        wanted = self.pick(*ENCODINGS)
        if name.startswith("utf-16") and wanted not in ("quoted-printable",):
            wanted = "base64"
        body, label = self.encode(raw, wanted)
        if label:
            fields.append(b"Content-Transfer-Encoding: " + self.pick(label, label.upper(), label.title()).encode())
        if self.chance(10):
            fields.append(self.pick(b"Content-Disposition: inline", b"Content-Language: es-PE", b"Content-ID: <x@y>",
                                    b"Content-Description: texto"))
        self.random.shuffle(fields)
        return fields, body

    @staticmethod
    def codec(name):
        try:
            "".encode(name or "utf-8")
            return name or "utf-8"
        except LookupError:
            return "utf-8"

    def encode(self, raw, wanted):
        if wanted == "quoted-printable":
            return self.quoted_printable(raw), wanted
        if wanted == "base64":
            return self.base64(raw), wanted
        if not raw.isascii() and wanted in ("7bit", "") and not self.chance(30):
            wanted = "8bit"
        return raw, wanted

    def quoted_printable(self, raw):
        out = [binascii.b2a_qp(line, istext=True).replace(b"\r\n", b"\n").replace(b"\n", self.eol)
               for line in raw.split(self.eol)]
        return self.eol.join(out)

    def base64(self, raw):
        text = base64.b64encode(raw)
        width = self.pick(76, 76, 60, 64, 72)
        if self.chance(10) and len(raw) > 10:  # two padded groups
            text = base64.b64encode(raw[:7]) + self.eol + base64.b64encode(raw[7:])
            return text + self.pick(b"", self.eol)
        return self.eol.join(text[at:at + width] for at in range(0, len(text), width)) + self.pick(b"", self.eol)

    def spoil(self, raw):
        at = self.random.randrange(len(raw) + 1)
        return raw[:at] + self.pick(b"\0", b"\r", b"\x81", b"\xff\xfe", b"\x1b", b"=", b"\n") + raw[at:]

    def attachment(self):
        content = bytes(self.random.randrange(256) for _ in range(self.random.randrange(0, 400)))
        name = self.pick("carta.pdf", "resolución.pdf", "=?utf-8?Q?resoluci=C3=B3n.pdf?=", "a b;c.pdf")
        field = self.pick("Content-Disposition: attachment; filename=\"{0}\"", "Content-Disposition: attachment;\r\n"
                          " filename*=utf-8''r%C3%A9.pdf; x=\"{0}\"").format(name).encode()
        if self.chance(25):
            fields, body = self.leaf("text/plain", "\n".join(self.lines()))
            return [one for one in fields if not one.startswith(b"Content-Disposition")] + [field], body
        return [b"Content-Type: application/pdf", b"Content-Transfer-Encoding: base64", field], self.base64(content)

    def image(self):
        return [b"Content-Type: image/png; name=logo.png", b"Content-ID: <x>", b"Content-Transfer-Encoding: base64",
                b"Content-Disposition: inline; filename=logo.png"], self.base64(b"\x89PNG\r\n" + self.random.randbytes(60))

    def calendar(self):
        return [b"Content-Type: text/calendar; method=REQUEST; charset=utf-8"], self.eol.join(
            [b"BEGIN:VCALENDAR", b"END:VCALENDAR"])

    def attached_message(self, depth):
        fields, body = self.part(min(depth + 2, 5))
        head = [b"From: otro@ciudadano.test", b"Subject: =?utf-8?Q?Se=C3=B1or?=", b"MIME-Version: 1.0"] + fields
        return [b"Content-Type: message/rfc822"], self.eol.join(head) + self.eol + self.eol + body

    def other(self):
        return self.pick(([b"Content-Type: application/octet-stream"], b"octets " * 5), ([b"Content-Type: text/x-patch"], b"+uno"),
                         ([b"Content-Type: text"], b"no subtype"), ([b"Content-Type: text/rtf"], b"{\\rtf1}"),
                         ([b"Content-Type: message/delivery-status"], b"Reporting-MTA: dns; x" + self.eol + self.eol + b"Action: failed"))

    def protected(self):
        eol = self.eol
        parts = [([b"Content-Type: text/plain"], b"firmado" + eol), ([b"Content-Type: application/pgp-signature"], b"-----BEGIN")]
        return [b"Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; micalg=pgp-sha256; boundary=firma"], (
            b"".join(b"--firma" + eol + eol.join(fields) + eol + eol + body + eol for fields, body in parts) + b"--firma--" + eol)


def make(seed, number):
    return Maker(f"{seed}/{number}").message()

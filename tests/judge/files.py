"""
Heavy attachments (P8): each of these files becomes a zip where it stands, or stays as it is, and the judge opens the zip. The
gateway's limit is lowered so that small files are heavy.
"""
import base64
import binascii
import quopri
import random

import compare
import judge
import zipped
from harness import EXPEDIENTE, mails, setting
from messages import Message
from station import MODES, SENDERS

LIMIT = 1024
ROWS = b"".join(b"%d;Predio urbano en la manzana %d;S/ %d.00\r\n" % (i, i % 97, i * 3) for i in range(200))
BINARY = b"BM" + bytes(i * i >> 6 & 0xff if i % 3 == 0 else 0 for i in range(6000))
NOISE = random.Random(8).randbytes(6000)
HEAD = b"""Date: Sat, 21 Nov 2026 10:00:00 -0500
To: ciudadano@ciudadano.test
Subject: Consulta
MIME-Version: 1.0
"""
TEXT = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nSe\xc3\xb1or: va adjunto.\n"
STAYS, ZIP = 0, 1
LONG = "Resolución de Gerencia Municipal de la administración tributaria y del año 2026 con anexos " * 2
BASE64 = b"Content-Transfer-Encoding: base64\n"


def lines(raw):
    return base64.encodebytes(raw)


def wrapped(parts, kind=b"mixed", boundary=b"corte"):
    """(fields and body) of a multipart of parts, each with fields, an empty line and its body."""
    out = b"".join(b"--%s\n%s\n" % (boundary, part) for part in parts)
    return b"Content-Type: multipart/%s; boundary=%s\n\npreambulo\n%s--%s--\nepilogo\n" % (kind, boundary, out, boundary)


def mail(fields, body=lines(ROWS), encoding=BASE64):
    """A text and one file."""
    return HEAD + wrapped([TEXT, fields + encoding + b"\n" + body])


def named(disposition, kind=b"Content-Type: application/vnd.ms-excel\n"):
    return mail(kind + b"Content-Disposition: " + disposition + b"\n")


def file_part(name, content=ROWS):
    return (b"Content-Type: text/csv\nContent-Disposition: attachment; filename=" + name + b"\n" + BASE64 + b"\n" + lines(content))


def inner_padding():
    """Each padded group decoded for itself gives the file; readers that stop at the first '=' would lose the rest."""
    return b"\n".join(binascii.b2a_base64(ROWS[at:at + 52], newline=False) for at in range(0, len(ROWS), 52)) + b"\n"


def attached_mail():
    return b"Content-Type: message/rfc822\n\nSubject: adjunto\nMIME-Version: 1.0\n" + wrapped([TEXT, file_part(b"a.csv")], boundary=b"otro")


def nested_signed(kind=b"signed; protocol=\"application/pkcs7-signature\""):
    signature = b"Content-Type: application/pkcs7-signature; name=smime.p7s\n" + BASE64 + b"\n" + lines(b"0" * 40)
    return wrapped([file_part(b"a.csv"), signature], kind, b"firma")


def signed_pdf():
    """A PDF that shrinks, with a signature over its bytes."""
    return mails.make_pdf() + b"% " + b"firmado " * 2000


# name: (message, how many zips, name of the file in the first zip)
CASES = {
    "a name in the disposition": (named(b"attachment; filename=padron.csv"), ZIP, "padron.csv"),
    "a name only in the type": (mail(b"Content-Type: application/x; name=\"padron 2026.csv\"\n"), ZIP, "padron 2026.csv"),
    "an encoded word, quoted": (named(b"attachment; filename=\"=?UTF-8?Q?padr=C3=B3n_n=C2=BA_3.csv?=\""), ZIP, "padrón nº 3.csv"),
    "two encoded words, folded": (named(b"attachment;\n filename=\"=?utf-8?B?cGFkcsOzbiBkZSA=?=\n =?utf-8?B?cHJlZGlvcy5jc3Y=?=\""), ZIP,
                                  "padrón de predios.csv"),
    "an encoded word, bare": (named(b"attachment; filename==?iso-8859-1?Q?a=F1o.csv?="), ZIP, "año.csv"),
    "RFC 2231": (named(b"attachment; filename*=utf-8'es'padr%C3%B3n.csv"), ZIP, "padrón.csv"),
    "RFC 2231 in latin-1": (named(b"attachment; filename*=iso-8859-1''a%F1o.csv"), ZIP, "año.csv"),
    "RFC 2231 in pieces": (named(b"attachment; filename*0*=utf-8''padr%C3;\n filename*1*=%B3n%20;\n filename*2=\"final.csv\""), ZIP,
                           "padrón final.csv"),
    "RFC 2231 and a plain one": (named(b"attachment; filename=\"padr?n.csv\"; filename*=utf-8''padr%C3%B3n.csv"), ZIP, None),
    "raw UTF-8": (named("attachment; filename=\"padrón.csv\"".encode()), ZIP, "padrón.csv"),
    "raw latin-1": (named("attachment; filename=\"padrón.csv\"".encode("latin-1")), ZIP, None),
    "a path": (named(b"attachment; filename=\"../../etc/padron.csv\""), ZIP, ".._.._etc_padron.csv"),
    "a path of Windows": (named(b"attachment; filename=\"C:\\\\temp\\\\padron.csv\""), ZIP, "C__temp_padron.csv"),
    "dots": (named(b"attachment; filename=\"..\""), ZIP, "_."),
    "an unquoted blank": (named(b"attachment; filename=padron final.csv"), ZIP, None),
    "a quote never closed": (named(b"attachment; filename=\"padron.csv"), ZIP, None),
    "a quote inside": (named(b"attachment; filename=\"el \\\"padron\\\".csv\""), ZIP, "el _padron_.csv"),
    "a comment": (named(b"attachment (tabla); filename=padron.csv (final)"), ZIP, None),
    "percent signs": (named(b"attachment; filename=\"50%25.csv\""), ZIP, "50%25.csv"),
    "very long": (named(b"attachment; filename*=utf-8''" + "".join(f"%{byte:02X}" for byte in LONG.encode()).encode() + b".csv"), ZIP,
                  LONG + ".csv"),
    "without a name": (mail(b"Content-Type: application/x\nContent-Disposition: attachment\n"), STAYS, None),
    "an empty name": (named(b"attachment; filename=\"\""), STAYS, None),
    "two dispositions": (named(b"attachment; filename=a.csv\nContent-Disposition: attachment; filename=b.csv"), STAYS, None),
    "two types": (named(b"attachment; filename=a.csv", b"Content-Type: text/csv\nContent-Type: application/x\n"), STAYS, None),
    "two encodings": (mail(b"Content-Disposition: attachment; filename=a.csv\n" + BASE64), STAYS, None),
    "inner padding": (mail(b"Content-Disposition: attachment; filename=a.csv\n", inner_padding()), None, "a.csv"),
    "base64 in one line": (mail(b"Content-Disposition: attachment; filename=a.csv\n", base64.b64encode(ROWS) + b"\n"), ZIP, "a.csv"),
    "base64 with a stranger in it": (mail(b"Content-Disposition: attachment; filename=a.csv\n", lines(ROWS).replace(b"\n", b"!\n", 1)),
                                     STAYS, None),
    "base64 with text behind it": (mail(b"Content-Disposition: attachment; filename=a.csv\n", lines(ROWS) + b"\n--\nlista\n"), STAYS, None),
    "base64 cut short": (mail(b"Content-Disposition: attachment; filename=a.csv\n", lines(ROWS)[:-4] + b"\n"), None, "a.csv"),
    "quoted-printable": (mail(b"Content-Disposition: attachment; filename=a.csv\n", quopri.encodestring(ROWS.replace(b"\r\n", b"\n")),
                              b"Content-Transfer-Encoding: quoted-printable\n"), ZIP, "a.csv"),
    "7bit": (mail(b"Content-Disposition: attachment; filename=a.csv\n", ROWS, b""), ZIP, "a.csv"),
    "8bit text": (mail(b"Content-Type: text/plain; charset=utf-8; name=a.txt\nContent-Disposition: attachment; filename=a.txt\n",
                       "Señor Núñez.\n".encode() * 200, b"Content-Transfer-Encoding: 8bit\n"), ZIP, "a.txt"),
    "an unknown encoding": (mail(b"Content-Disposition: attachment; filename=a.csv\n", ROWS, b"Content-Transfer-Encoding: x-uuencode\n"),
                            STAYS, None),
    "a digest of the content": (mail(b"Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\nContent-Disposition: attachment; filename=a.csv\n"), STAYS, None),
    "dates and sizes in the disposition": (named(b"attachment; filename=a.csv; size=5; creation-date=\"Sat, 21 Nov 2026 10:00:00 -0500\""),
                                           ZIP, "a.csv"),
    "inline with a name": (named(b"inline; filename=a.csv"), ZIP, "a.csv"),
    "binary": (mail(b"Content-Disposition: attachment; filename=a.bmp\n", lines(BINARY)), ZIP, "a.bmp"),
    "a PDF with a signature in it": (mail(b"Content-Type: application/pdf; name=carta.pdf\n", lines(signed_pdf())), ZIP, "carta.pdf"),
    "two of one name": (HEAD + wrapped([TEXT, file_part(b"a.csv"), file_part(b"a.csv", ROWS[::-1])]), 2, "a.csv"),
    "one heavy, one light": (HEAD + wrapped([TEXT, file_part(b"a.csv", ROWS[:LIMIT]), file_part(b"b.csv")]), ZIP, "b.csv"),
    "just heavy": (HEAD + wrapped([TEXT, file_part(b"a.csv", ROWS[:LIMIT + 1])]), ZIP, "a.csv"),
    "at the limit": (HEAD + wrapped([TEXT, file_part(b"a.csv", ROWS[:LIMIT])]), STAYS, None),
    "the mail is the file": (HEAD + file_part(b"a.csv"), ZIP, "a.csv"),
    "files alone": (HEAD + wrapped([file_part(b"a.csv"), file_part(b"b.csv")]), 2, "a.csv"),
    "deep in the mail's own parts": (HEAD + wrapped([TEXT, wrapped([file_part(b"a.csv")], boundary=b"otro")]), ZIP, "a.csv"),
    "in an attached message": (HEAD + wrapped([TEXT, attached_mail()]), STAYS, None),
    "in a multipart/digest": (HEAD + wrapped([TEXT, wrapped([b"\n" + attached_mail().partition(b"\n\n")[2]], b"digest", b"resumen")]),
                              STAYS, None),
    "an attached message with a name": (HEAD + wrapped([TEXT, attached_mail().replace(b"rfc822", b"rfc822; name=a.eml", 1)]), STAYS, None),
    "shown by the text": (HEAD + wrapped([TEXT.replace(b"plain", b"html"), file_part(b"a.bmp", BINARY)], b"related"), STAYS, None),
    "one of two ways to read the mail": (HEAD + wrapped([TEXT, file_part(b"cita.ics")], b"alternative"), STAYS, None),
    "in a signed part": (HEAD + wrapped([TEXT, nested_signed()]), STAYS, None),
    "beside a signed part": (HEAD + wrapped([TEXT, file_part(b"b.csv"), nested_signed()]), STAYS, None),
    "in a signed mail": (HEAD + nested_signed(), STAYS, None),
    "in an encrypted mail": (HEAD + nested_signed(b"encrypted; protocol=\"application/pgp-encrypted\""), STAYS, None),
    "with PGP in the text": (HEAD + wrapped([TEXT + b"-----BEGIN PGP SIGNED MESSAGE-----\n", file_part(b"a.csv")]), STAYS, None),
    "a file that is a zip": (mail(b"Content-Type: application/zip; name=a.zip\n", lines(NOISE)), STAYS, None),
    "never closed": ((HEAD + wrapped([TEXT, file_part(b"a.csv")])).replace(b"--corte--\nepilogo\n", b""), ZIP, "a.csv"),
    "fields in capitals, blanks and folds": (mail(b"CONTENT-TYPE:\n application/x ;\n\tNAME=\"a.csv\"\nX-Otro: queda \n"), ZIP, "a.csv"),
}


def try_one(post, name, mode):
    raw, zips, inside = CASES[name]
    sign = mode == "signature"
    message = Message.parse(raw)
    sent = post.submit(message, SENDERS[mode], f"CARTA 7-2026-SG/MUNI. Exp. {EXPEDIENTE}" if sign else None)
    compare.need(sent.taken, f"refused: {post.reason(sent)}")
    verdict = judge.judge(sent, post.blocks[mode], sign)
    post.check_record(sent)
    if sign and verdict.kind != "protected":
        post.verifiers.openssl(sent.after, sent.queue_id)
    compare.need(zips is None or verdict.zips == zips, f"{verdict.zips} files are in zips, expected {zips}")
    if inside is not None and verdict.zips:
        names = [zipped.name_of(part) for part in judge.reader.read(sent.after.bytes()).walk()]
        compare.need(inside + ".zip" in names, f"the zip is called {names}, expected {inside}.zip")
    return verdict


def run(post, counts, _folder):
    light, zipped.HEAVY.over_bytes = zipped.HEAVY.over_bytes, LIMIT
    try:
        with setting("outgoing", "[policy]\n", f"[policy]\np8_heavy_bytes={LIMIT}\n"):
            post.reconnect()
            for mode in MODES:
                zips = 0
                for name in CASES:
                    try:
                        zips += try_one(post, name, mode).zips
                    except (compare.Wrong, LookupError, ValueError, TypeError, AttributeError) as error:
                        counts.failed(f"files: {name} ({mode}): {type(error).__name__} {error}"[:400])
                    else:
                        counts.passed(f"files: {name} ({mode})")
                print(f"  {zips} files travelled in zips ({mode})")
    finally:
        zipped.HEAVY.over_bytes = light
        post.reconnect()


__all__ = ["run"]

"""
Mail that its author signed or encrypted (S7), in every form it comes in: its body leaves as it came, to the byte, and the record says
why it has no block; with `[signature] protected = refuse` it goes back with words that say what to do. What only looks like it has its block.
"""
import base64

import compare
import judge
from harness import EXPEDIENTE, api, configured
from messages import Message
from station import MODES, SENDERS

HEAD = b"To: ciudadano@ciudadano.test\nSubject: Consulta\nMIME-Version: 1.0\n"
FILLER = base64.encodebytes(bytes(range(256)) * 2)
TEXT = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nSe\xc3\xb1or:   \n\nva lo pedido. \n"
ARMOUR = b"-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nhQEMA0000000000000\n=abcd\n-----END PGP MESSAGE-----\n"
CLEARSIGNED = (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHola.  \n- -- \nRosa\n-----BEGIN PGP SIGNATURE-----\n\n"
               b"iQEz\n=abcd\n-----END PGP SIGNATURE-----\n")
SMIME_TYPES = ("signed-data", "enveloped-data", "authEnveloped-data", "compressed-data", "certs-only", "signed-receipt", "otro")
REFUSAL = ("550 5.7.1 [P4] Un mensaje firmado o cifrado por su autor no puede llevar el bloque de firma institucional. "
           "Envielo sin firmar ni cifrar (DI-002, art. 5)")


def multipart(fields, *parts):
    """Of fields that name the boundary corte; with a preamble and an epilogue, which a signature may need as they are."""
    return fields + b"\n\nEste es un mensaje MIME. \n" + b"".join(b"--corte\n" + part for part in parts) + b"--corte--  \nfin \n"


def signed(kind, signature):
    return multipart(b'Content-Type: multipart/signed; micalg=sha-256; protocol="%s"; boundary=corte' % kind, TEXT,
                     b"Content-Type: %s; name=%s\nContent-Transfer-Encoding: base64\n\n" % (kind, signature) + FILLER)


def opaque(fields, encoding=b"base64", body=FILLER):
    return fields + b"\nContent-Transfer-Encoding: " + encoding + b"\n\n" + body


def text(body, fields=b"Content-Type: text/plain; charset=utf-8\n"):
    return fields + b"\n" + body


def smime_types():
    for name in ("application/pkcs7-mime", "application/x-pkcs7-mime", "APPLICATION/PKCS7-MIME"):
        for one in SMIME_TYPES:
            yield f"{name}, {one}", opaque(f'Content-Type: {name};\n smime-type={one}; name="smime.p7m"'.encode())
        yield f"{name} of no smime-type", opaque(f"Content-Type: {name}".encode())


SIGNED = signed(b"application/pkcs7-signature", b"smime.p7s")
PROTECTED = {
    "multipart/signed by S/MIME": SIGNED,
    "multipart/signed by S/MIME, x- name": signed(b"application/x-pkcs7-signature", b"smime.p7s"),
    "multipart/signed by PGP": signed(b"application/pgp-signature", b"signature.asc"),
    "multipart/signed of no protocol": multipart(b"Content-Type: multipart/signed; boundary=corte", TEXT, TEXT),
    "multipart/signed in capitals, folded": SIGNED.replace(b"multipart/signed;", b"MULTIPART/Signed;\n\t"),
    "multipart/signed of a multipart": multipart(
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=corte',
        multipart(b"Content-Type: multipart/alternative; boundary=otro", TEXT).replace(b"--corte", b"--otro"), opaque(b"Content-Type: a/b")),
    "multipart/signed below a list's footer": multipart(
        b"Content-Type: multipart/mixed; boundary=corte", SIGNED.replace(b"corte", b"firma"), TEXT),
    "multipart/encrypted": multipart(
        b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=corte',
        b"Content-Type: application/pgp-encrypted\n\nVersion: 1\n", b"Content-Type: application/octet-stream\n\n" + ARMOUR),
    "multipart/encrypted of another protocol": multipart(b"Content-Type: multipart/encrypted; boundary=corte", TEXT),
    **dict(smime_types()),
    "a pkcs7-mime in 8 bits": opaque(b"Content-Type: application/pkcs7-mime; smime-type=signed-data", b"8bit", b"\xf1 a\n"),
    **{f"octets named .{end}": opaque(b'Content-Type: application/octet-stream; name="smime.%s"' % end.encode())
       for end in ("p7m", "p7s", "p7c", "p7z", "P7M")},
    "octets named .p7m by the disposition": opaque(
        b"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=smime.p7m"),
    "octets named .p7m by RFC 2231": opaque(
        b"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename*=utf-8''firm%C3%B3.p7m"),
    "PGP in the text": text(ARMOUR),
    "PGP in the text, behind a greeting": text(b"Hola:\n\n" + ARMOUR),
    "PGP, signed": text(CLEARSIGNED),
    "PGP, signed, without MIME fields": b"\n" + CLEARSIGNED,
    "PGP in quoted-printable": opaque(b"Content-Type: text/plain", b"quoted-printable", CLEARSIGNED.replace(b"=", b"=3D")),
    "PGP in base64": opaque(b"Content-Type: text/plain", b"base64", base64.encodebytes(CLEARSIGNED)),
    "PGP in the text beside a file": multipart(
        b"Content-Type: multipart/mixed; boundary=corte", text(CLEARSIGNED), opaque(b"Content-Type: application/pdf; name=a.pdf")),
    "PGP in one of two ways to read it": multipart(
        b"Content-Type: multipart/alternative; boundary=corte", text(ARMOUR), text(b"<p>cifrado</p>\n", b"Content-Type: text/html\n")),
}
# What is no protected mail, whatever else in it is: it has its block, or is refused for nothing.
PLAIN = {
    "quoted PGP": text(b"Hola.\n> " + ARMOUR.replace(b"\n", b"\n> ") + b"\n"),
    "an attached message that is signed": multipart(
        b"Content-Type: multipart/mixed; boundary=corte", TEXT,
        b"Content-Type: message/rfc822\n\nSubject: firmado\n" + SIGNED.replace(b"corte", b"firma").replace(b"\xc3\xb1", b"n")),
    "a signature as a file": multipart(
        b"Content-Type: multipart/mixed; boundary=corte", TEXT, opaque(b"Content-Type: application/octet-stream; name=carta.pdf.p7s")),
    "a public key as a file": multipart(
        b"Content-Type: multipart/mixed; boundary=corte", TEXT,
        b"Content-Type: application/pgp-keys; name=clave.asc\n\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n"),
}


def submit(post, mode, body):
    subject = f"CARTA 8-2026-SG/MUNI. Exp. {EXPEDIENTE}" if mode == "signature" else None
    return post.submit(Message.parse(HEAD + body), SENDERS[mode], subject)


def recorded_block(sent):
    send_id, = sent.after.values(b"Acuse-Id")
    status, send = api("GET", f"/v1/sends/{send_id.decode().strip()}")
    compare.need(status == 200, f"its send: {status}")
    return send.get("block")


def try_protected(post, mode, body):
    sent = submit(post, mode, body)
    compare.need(sent.taken, f"refused: {post.reason(sent)}")
    compare.need(sent.after.body == sent.before.body, "its body changed")
    allowed = judge.check_dates(sent.before, sent.after) + judge.check_from(sent.before, sent.after)
    compare.check_outer_fields(sent.before, sent.after, allowed)
    post.check_record(sent)
    compare.need(recorded_block(sent) == "protected", f"recorded: {recorded_block(sent)}")


def try_refused(post, mode, body):
    sent = submit(post, mode, body)
    compare.need(sent.letter == "y" and sent.reply == REFUSAL, f"the answer is {sent.letter} {sent.reply}")


def try_plain(post, mode, body):
    sent = submit(post, mode, body)
    compare.need(sent.taken, f"refused: {post.reason(sent)}")
    kind = judge.judge(sent, post.blocks[mode], mode == "signature").kind
    compare.need(kind == "block", f"it counts as {kind}")
    post.check_record(sent)
    compare.need(recorded_block(sent) == "added", f"recorded: {recorded_block(sent)}")


def try_all(post, counts, setting, tries):
    for cases, trial in tries:
        for name, body in cases.items():
            for mode in MODES:
                try:
                    trial(post, mode, body)
                except (compare.Wrong, LookupError, ValueError, TypeError, AttributeError) as error:
                    counts.failed(f"protected = {setting}: {name} ({mode}): {type(error).__name__} {error}"[:400])
                else:
                    counts.passed(f"protected = {setting}: {name} ({mode})")


def run(post, counts, _folder):
    try_all(post, counts, "accept", ((PROTECTED, try_protected), (PLAIN, try_plain)))
    try:
        with configured({"signature": {"protected": "refuse"}}, "outgoing", settled=False):
            post.reconnect()
            try_all(post, counts, "refuse", ((PROTECTED, try_refused), (PLAIN, try_plain)))
    finally:
        post.reconnect()


__all__ = ["run"]

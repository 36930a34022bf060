"""
Subjects and address fields as a stranger, or a careless client, writes them: what is on record is what a reader sees (FACTS 17), the field
leaves as it came, and signed, in 7 bits, it says the same; what says nothing to anybody, or not for certain, is refused by its rule.
"""
import base64
import email.header
import email.utils
import re

import compare
from harness import CITIZEN, EXPEDIENTE, api
from messages import Message, adopt
from station import SENDERS

REST = b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nTexto\n"
NONE, UNREADABLE = "550 5.7.1 [P3] Falta el asunto", "550 5.7.1 [P3] El asunto no se puede leer"
COMPLEX = "554 5.6.0 El mensaje tiene demasiadas partes, niveles, cabeceras o marcas"
EXP = f" Exp. {EXPEDIENTE}"
LONG = "Sobre la inspección de obras públicas. " * 60


def b64(text, charset="utf-8", size=None):
    """Encoded words of so many bytes each, wherever a letter ends."""
    raw = text if isinstance(text, bytes) else text.encode(charset)
    size = size or len(raw)
    return b"\n ".join(b"=?%s?B?%s?=" % (charset.encode(), base64.b64encode(raw[at:at + size])) for at in range(0, len(raw), size))


# name: (field as it is sent, what it says, or how the answer begins)
SUBJECTS = {
    "ASCII": (b"Consulta", "Consulta"),
    "adjacent base64 words": (b64("Reunión") + b" " + b64(" de coordinación"), "Reunión de coordinación"),
    "adjacent words, folded": (b"=?utf-8?q?uno_?=\n =?utf-8?q?dos?=\n\t=?utf-8?q?_tres?=", "uno dos tres"),
    "many words, no blank between them": (b"=?utf-8?q?uno?==?utf-8?q?dos?=", None),
    "a letter in two base64 words": (b64("Invitación", size=9), "Invitación"),
    "a letter in two quoted words": (b"=?utf-8?q?Invitaci=C3?= =?utf-8?q?=B3n?=", "Invitación"),
    "each byte in a word": (b64("Añadir €", size=1), "Añadir €"),
    "a letter of four bytes in three words": (b64("Plano \U0001f4c4 final", size=7), "Plano \U0001f4c4 final"),
    "mixed charsets": (b"=?iso-8859-1?Q?Reuni=F3n?= =?utf-8?B?IE7CuiAx?= =?windows-1252?q?_=80?=", "Reunión Nº 1 €"),
    "words and text": (b"Re: =?utf-8?q?a=C3=B1o?= 2026 =?utf-8?q?fin?=", "Re: año 2026 fin"),
    "lower and upper case": (b"=?UTF-8?b?QcOxbw==?= =?Utf-8?Q?=c3=b1?=", "Añoñ"),
    "a language": (b"=?utf-8*es-PE?q?a=C3=B1o?=", "año"),
    "no padding": (b"=?utf-8?b?QW5vIA?=", "Ano"),
    "padding inside": (b"=?utf-8?b?QQ==QQ==?=", None),
    "iso-2022-jp": (b64("通知", "iso-2022-jp"), "通知"),
    "koi8-r": (b64("Привет", "koi8-r"), "Привет"),
    "gb18030": (b64("通知 año", "gb18030"), "通知 año"),
    "raw UTF-8": ("Año y señor".encode(), "Año y señor"),
    "raw latin-1": ("Año y señor".encode("latin-1"), "Año y señor"),
    "raw windows-1252": ("Año “2026” €".encode("cp1252"), "Año “2026” €"),
    "raw beside a word": ("Año ".encode() + b"=?utf-8?q?=C3=B1?=", "Año ñ"),
    "raw, of no charset": (b"A\x81o", UNREADABLE),
    "an unknown charset": (b"=?x-nada?q?a=F1o?=", UNREADABLE),
    "not of its charset": (b"=?utf-8?q?a=F1o?=", UNREADABLE),
    "broken base64": (b"=?utf-8?b?Q!?=", UNREADABLE),
    "half a letter at the end": (b"=?utf-8?q?Invitaci=C3?=", UNREADABLE),
    "a word never closed": (b"=?utf-8?q?abierta", "=?utf-8?q?abierta"),
    "very long": (LONG.strip().encode(), LONG.strip()),
    "very long, in one word": (b64(LONG.strip()), LONG.strip()),
    "very long, in many words": (b64(LONG.strip(), size=40), LONG.strip()),
    "a line end in a word": (b"=?utf-8?q?uno=0D=0ABcc:_x=40y.test?=", "uno  Bcc: x@y.test"),
    "a NUL in a word": (b"=?utf-8?q?a=00b?=", UNREADABLE),
    "folded in the middle": (b"uno\n dos\n\ttres", "uno dos tres"),
    "between marks of direction": ("\u202eConsulta\u202c".encode(), None),
    "full-width letters": ("Ｃｏｎｓｕｌｔａ".encode(), "Ｃｏｎｓｕｌｔａ"),
    "exotic blanks between words": ("Uno\u00a0dos\u2003tres".encode(), None),
    "empty": (b"", NONE),
    "blanks": (b" \t  ", NONE),
    "an empty word": (b"=?utf-8?q??=", NONE),
    "a word of blanks": (b"=?utf-8?q?_=20_?=", NONE),
    "only a prefix, encoded": (b"=?utf-8?b?UkU6?=", NONE),
    **{f"only U+{ord(letter):04X}": (letter.encode(), NONE) for letter in
       "\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u2000\u2003\u2007\u2009\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202d\u202e"
       "\u202f\u205f\u2060\u2064\u2066\u2069\u2800\u3000\u3164\ufe0f\ufeff\uffa0\U000e0020"},
    **{f"only U+{ord(letter):04X} in a word": (b64("Re: " + letter * 3), NONE) for letter in "\u200b\u202e\u3000\u2800\U000e0001"},
}
# name: (what stands in To, the addresses in it, or how the answer begins)
ADDRESSES = {
    "a name": (b"Ana <%s>", "Ana"),
    "an encoded name": (b"=?utf-8?b?w5FhbmRvLCBKb3PDqQ==?= <%s>", "Ñando, José"),
    "adjacent words": (b"=?utf-8?b?Sm9zw6k=?= =?utf-8?b?IMORYW5kbw==?= <%s>", "José Ñando"),
    "a letter in two words": (b64("José Ñ", size=4) + b" <%s>", "José Ñ"),
    "a raw UTF-8 name": ("José Ñando <%s>".encode(), "José Ñando"),
    "a raw latin-1 name": ("José Ñando <%s>".encode("latin-1"), "José Ñando"),
    "a quoted name with an address": (b"\"otro@muni.test\" <%s>", "otro@muni.test"),
    "a name behind, as a comment": (b"%s (Ana)", "Ana"),
    "folded": (b"Ana\n Maria\n\t<%s>", "Ana Maria"),
    "an invisible name": ("\u200b\u202e <%s>".encode(), None),
    "no name": (b"<%s>", ""),
}


def submit(post, mode, subject, to):
    raw = b"Subject: " + subject + b"\nTo: " + to + b"\n" + REST
    number = next(post.numbers)
    own = adopt(Message.parse(raw), SENDERS[mode], CITIZEN, f"<subjects.{number}@muni.test>")
    return post.submission.send(own, SENDERS[mode], CITIZEN, f"4fA{number:012d}")


def readable(value):
    """By Python, which knows no languages (RFC 2231, 5); runs of blanks as one."""
    value = re.sub(r"(=\?[^?*]+)\*[^?]*\?", r"\1?", value.decode("ascii").replace("\n", ""))
    parts = email.header.decode_header(value.strip())
    return " ".join("".join(part if isinstance(part, str) else part.decode(charset or "ascii") for part, charset in parts).split())


def recorded(sent):
    send_id, = sent.after.values(b"Acuse-Id")
    status, send = api("GET", f"/v1/sends/{send_id.decode().strip()}")
    compare.need(status == 200, f"its send: {status}")
    return send


def check_refused(sent, words):
    compare.need(sent.letter == "y" and sent.reply.startswith(words), f"the answer is {sent.letter} {sent.reply}")


def try_subject(post, name):
    subject, meant = SUBJECTS[name]
    sent = submit(post, "policy", subject, CITIZEN.encode())
    if meant in (NONE, UNREADABLE, COMPLEX):
        check_refused(sent, meant)
        return
    compare.need(sent.taken, f"refused: {post.reason(sent)}")
    compare.need(sent.after.values(b"Subject") == sent.before.values(b"Subject"), "the field changed")
    post.check_record(sent)
    seen = recorded(sent)["subject"]
    compare.need(meant is None or seen == meant, f"on record is {seen!r}")
    # The same behind what makes it official: a number and an expediente.
    sent = submit(post, "signature", b"CARTA 12-2026-SG/MUNI. Exp. " + EXPEDIENTE.encode() + b" " + subject, CITIZEN.encode())
    compare.need(sent.taken, f"refused, to be signed: {post.reason(sent)}")
    post.check_record(sent)
    post.verifiers.openssl(sent.after, sent.queue_id)
    value, = sent.after.values(b"Subject")
    compare.need(value.isascii(), "what was signed has a subject of 8 bits")
    seen = recorded(sent)["subject"]
    compare.need(meant is None or seen.endswith(meant), f"on record, signed, is {seen!r}")
    compare.need(all(len(line) <= 998 for line in value.split(b"\n")), "a line of it is too long")
    compare.need(meant is None or readable(value).endswith(" ".join(meant.split())), f"a reader of the signed mail sees {readable(value)!r}")


def try_address(post, name):
    to, meant = ADDRESSES[name]
    to = to.replace(b"%s", CITIZEN.encode())
    for mode, subject in (("policy", b"Consulta"), ("signature", b"CARTA 13-2026-SG/MUNI. Exp. " + EXPEDIENTE.encode())):
        sent = submit(post, mode, subject, to)
        compare.need(sent.taken, f"refused ({mode}): {post.reason(sent)}")
        post.check_record(sent)
        compare.need(list(recorded(sent)["recipients"]) == [CITIZEN], "on record is another recipient")
        value, = sent.after.values(b"To")
        if mode == "policy":
            compare.need(sent.after.values(b"To") == sent.before.values(b"To"), "the field changed")
            continue
        post.verifiers.openssl(sent.after, sent.queue_id)
        compare.need(value.isascii(), "what was signed has a field of 8 bits")
        shown, address = email.utils.parseaddr(value.decode().replace("\n", "").strip())
        compare.need(address == CITIZEN, f"a reader sees the address {address}")
        compare.need(meant is None or readable(shown.encode()) == meant, f"a reader sees the name {readable(shown.encode())!r}")


def run(post, counts, _folder):
    for kind, cases, trial in (("subject", SUBJECTS, try_subject), ("address", ADDRESSES, try_address)):
        for name in cases:
            try:
                trial(post, name)
            except (compare.Wrong, LookupError, ValueError, TypeError, AttributeError) as error:
                counts.failed(f"{kind}: {name}: {type(error).__name__} {error}"[:400])
            else:
                counts.passed(f"{kind}: {name}")


__all__ = ["run"]

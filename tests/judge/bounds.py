"""
Every limit of a message, through the running milter: one that is just at it has its block and is judged like any other, one that
is over it by one gets an answer that says what to do, for good. The numbers are those of lib/mime and acuse.conf(5).
"""
import compare
import judge
import messages
from harness import CITIZEN, EXPEDIENTE, configured
from station import MODES, SENDERS

HEADER_BYTES, FIELDS, DEPTH, PARTS, PARAMETERS = 256 * 1024, 1000, 32, 500, 100
ADDRESS_BYTES, GROUPS = 32 * 1024, 50
HTML_BYTES, HTML_TAGS, HTML_ATTRIBUTES = 4 * 1024 * 1024, 50000, 500
SIZE_BYTES, CPU_MS = 128 * 1024, 100
COMPLEX = "554 5.6.0 El mensaje tiene demasiadas partes, niveles, cabeceras o marcas. Simplifiquelo y reenvie"
LARGE, SLOW = "552 5.3.4 ", "554 5.6.0 Procesar este mensaje toma demasiado tiempo. Dividalo o simplifiquelo y reenvie"
MIME, TEXT = b"MIME-Version: 1.0\n", b"Content-Type: text/plain; charset=utf-8\n\nTexto\n"
HTML = MIME + b"Content-Type: text/html; charset=utf-8\n\n"


def subject_of(mode):
    return f"CARTA 9-2026-SG/MUNI. Exp. {EXPEDIENTE}" if mode == "signature" else "Consulta"


class Mail:
    """What is sent in the end, so that its fields can be counted."""

    def __init__(self, post, mode, raw):
        self.post, self.sender = post, SENDERS[mode]
        number = next(post.numbers)
        self.queue_id = f"4fB{number:012d}"
        message = messages.Message.parse(b"Subject: " + subject_of(mode).encode() + b"\n" + raw)
        self.message = messages.adopt(message, self.sender, CITIZEN, f"<bounds.{number:09d}@muni.test>")

    def header_bytes(self):
        return sum(len(name) + len(value) + 3 for name, value in self.message.fields)

    def send(self):
        return self.post.submission.send(self.message, self.sender, CITIZEN, self.queue_id)


def header_bytes(mail, count):
    """In fields of a legal length."""
    line = b" " + b"x" * 990
    while count - mail.header_bytes() > 2000:
        mail.message.fields.append([b"X-Relleno", line])
    mail.message.fields.append([b"X-Relleno", b" " + b"x" * (count - mail.header_bytes() - len("X-Relleno") - 4)])
    compare.need(mail.header_bytes() == count, f"the case has {mail.header_bytes()} bytes of header")


def fields(mail, count):
    while len(mail.message.fields) < count:
        mail.message.add(b"X-Otro", b"x")


def mixed(boundary):
    return b"Content-Type: multipart/mixed; boundary=b%d\n\n" % boundary


def nested(levels):
    """A text below so many multiparts less one: levels in all."""
    return (MIME + b"".join(mixed(i) + b"--b%d\n" % i for i in range(levels - 1)) + TEXT
            + b"".join(b"--b%d--\n" % i for i in reversed(range(levels - 1))))


def parts(count):
    files = b"--b0\nContent-Type: application/octet-stream; name=a.dat\nContent-Disposition: attachment\n\nx\n" * (count - 2)
    return MIME + mixed(0) + b"--b0\n" + TEXT + files + b"--b0--\n"


def parameters(count):
    return MIME + b"Content-Type: text/plain; charset=utf-8" + b"".join(b";\n x%d=y" % i for i in range(count - 1)) + b"\n\nTexto\n"


def disposition(count):
    names = b"".join(b";\n x%d=y" % i for i in range(count))
    return MIME + b"Content-Disposition: inline" + names + b"\n" + TEXT


def to(value):
    return b"To: " + value + b"\n" + MIME + TEXT


def address(size):
    """A name and the citizen's address; the blank before them counts too."""
    rest = b" <" + CITIZEN.encode() + b">"
    lines, left = [], size - 1 - len(rest)
    while left > 900:
        lines.append(b"x" * 798)
        left -= 800
    lines.append(b"x" * left)
    return to(b"\n ".join(lines) + rest)


def groups(count):
    return to(b",\n ".join([b"Vecinos:;"] * (count - 1) + [b"Uno: " + CITIZEN.encode() + b";"]))


def html_bytes(size):
    """CRLF counts as the two bytes it is."""
    rest = size - len(b"<p>Texto</p>\r\n")
    rows, left = divmod(rest, 80)
    return HTML + b"<p>Texto</p>\n" + (b"a" * 78 + b"\n") * rows + (b"a" * (left - 2) + b"\n" if left > 1 else b"")


def html_tags(count):
    return HTML + b"<p>Texto</p>\n" + b"<b>a</b>\n" * count


def html_attributes(count):
    return HTML + b"<p" + b"".join(b"\n a%d=1" % i for i in range(count)) + b">Texto</p>\n"


# name: (message of so much, the limit)
SHAPES = {
    "levels": (nested, DEPTH), "parts": (parts, PARTS), "parameters of a type": (parameters, PARAMETERS),
    "parameters of a disposition": (disposition, PARAMETERS), "bytes of an address field": (address, ADDRESS_BYTES),
    "groups of addresses": (groups, GROUPS), "bytes of HTML": (html_bytes, HTML_BYTES), "tags of HTML": (html_tags, HTML_TAGS),
    "attributes of a tag": (html_attributes, HTML_ATTRIBUTES),
}
HEADERS = {"bytes of the header": (header_bytes, HEADER_BYTES), "fields": (fields, FIELDS)}


def need_good(post, mode, sent):
    compare.need(sent.taken, f"at the limit: refused: {post.reason(sent)}")
    sign = mode == "signature"
    verdict = judge.judge(sent, post.blocks[mode], sign)
    compare.need(verdict.kind == "block", f"at the limit: it counts as {verdict.kind}")
    post.check_record(sent)
    if sign:
        post.verifiers.openssl(sent.after, sent.queue_id)


def need_refused(sent, words):
    compare.need(sent.letter == "y" and sent.reply.startswith(words), f"over it: {sent.letter} {sent.reply}")


def try_shape(post, mode, name):
    make, limit = SHAPES[name]
    need_good(post, mode, Mail(post, mode, make(limit)).send())
    need_refused(Mail(post, mode, make(limit + 1)).send(), COMPLEX)


def try_header(post, mode, name):
    fill, limit = HEADERS[name]
    for count in (limit, limit + 1):
        mail = Mail(post, mode, MIME + TEXT)
        fill(mail, count)
        if count == limit:
            need_good(post, mode, mail.send())
        else:
            need_refused(mail.send(), COMPLEX)


def try_size(post, mode, _name):
    """With our additions: what is just full is found by its own result; what the signature may need is kept free."""
    body = (b"x" * 78 + b"\n") * (SIZE_BYTES // 3 // 80)

    def send(more):
        return Mail(post, mode, MIME + TEXT + body + b"x" * (more % 900) + b"\n" + (b"x" * 898 + b"\n") * (more // 900)).send()
    low, high = 0, SIZE_BYTES
    while high - low > 1:
        middle = (low + high) // 2
        sent = send(middle)
        if sent.taken:
            low = middle
        else:
            need_refused(sent, LARGE)
            high = middle
    full = send(low)
    need_good(post, mode, full)
    size = len(full.after.bytes())
    compare.need(size <= SIZE_BYTES and (mode != "policy" or size > SIZE_BYTES - 3), f"the fullest has {size} bytes")
    for more in (SIZE_BYTES, 20 * SIZE_BYTES):
        need_refused(send(more), LARGE)
    need_good(post, mode, Mail(post, mode, MIME + TEXT).send())


def try_time(post, mode, _name):
    """A mail of many MiB in a charset of its own costs more than a tenth of a second."""
    row = "Текст письма, в котором много слов.\n".encode("koi8-r")
    large = MIME + b"Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: 8bit\n\n" + row * (20 * 1024 * 1024 // len(row))
    need_refused(Mail(post, mode, large).send(), SLOW)
    need_good(post, mode, Mail(post, mode, MIME + TEXT).send())


def try_all(post, counts, names, trial):
    for name in names:
        for mode in MODES:
            try:
                trial(post, mode, name)
            except (compare.Wrong, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
                counts.failed(f"limit: {name} ({mode}): {type(error).__name__} {error}"[:400])
            else:
                counts.passed(f"limit: {name} ({mode})")


def run(post, counts, _folder):
    try_all(post, counts, SHAPES, try_shape)
    try_all(post, counts, HEADERS, try_header)
    try:
        for key, value, name, trial in (("max_message_bytes", SIZE_BYTES, "size", try_size), ("message_cpu_ms", CPU_MS, "time", try_time)):
            with configured({"milter": {key: str(value)}}, "outgoing", settled=False):
                post.reconnect()
                try_all(post, counts, [name], trial)
    finally:
        post.reconnect()


__all__ = ["run"]

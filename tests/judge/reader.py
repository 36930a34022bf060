"""
How somebody else's software reads a message: Python's `email` for the structure, small decoders of our own where it is known to
lose text. Shares no code with the product.
"""
import binascii
import email
import email.message
import email.utils
import re
import urllib.parse
from html.parser import HTMLParser

BODY_TYPES = ("text/plain", "text/html")
PROTECTED_TYPES = ("multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
ARMOUR = re.compile(rb"^-----BEGIN PGP (MESSAGE|SIGNED MESSAGE)", re.M)
HIDDEN = ("script", "style", "title", "template", "noframes")


def read(raw):
    return email.message_from_bytes(raw)


def children(part):
    return part._payload if isinstance(part._payload, list) else []


def raw_payload(part):
    """The undecoded bytes of a leaf; get_payload() would decode some."""
    payload = part._payload
    return payload.encode("ascii", "surrogateescape") if isinstance(payload, str) else b""


def raw_fields(part):
    return [(name.lower(), str(value)) for name, value in part.raw_items()]


def encoding(part):
    """What the field means, also where it is written carelessly."""
    word = re.sub(r"\s|;.*|\(.*\)", "", str(part.get("Content-Transfer-Encoding", ""))).lower()
    return "quoted-printable" if word == "quotedprintable" else word


def decode_base64(raw):
    """Padded groups one after the other are all read."""
    letters = re.sub(rb"[^A-Za-z0-9+/=]", b"", raw)
    out = b""
    for group in re.findall(rb"[A-Za-z0-9+/]+", letters):
        group = group[:len(group) - 1] if len(group) % 4 == 1 else group
        out += binascii.a2b_base64(group + b"=" * (-len(group) % 4))
    return out


def decode_quoted_printable(raw):
    """Blanks at the end of a line were added on the way (RFC 2045, 6.7); Python keeps them."""
    return binascii.a2b_qp(re.sub(rb"(?m)[ \t]+(\r?)$", rb"\1", raw))


def decoded(part):
    raw, kind = raw_payload(part), encoding(part)
    if kind == "quoted-printable":
        return decode_quoted_printable(raw)
    if kind == "base64":
        return decode_base64(raw)
    return raw


def charset(part):
    """None when Python does not know it."""
    name = part.get_content_charset("us-ascii")
    try:
        "".encode(name)
        return name
    except (LookupError, UnicodeError):
        return None


def declares_charset(part):
    return part.get_content_charset("us-ascii") != "us-ascii"


def text(part):
    """Lines end in LF; what is not valid in its charset keeps its bytes as surrogates. None: no such charset."""
    name = charset(part)
    if name is None:
        return None
    try:
        return normal(decoded(part).decode(name, "surrogateescape"))
    except (UnicodeError, LookupError):
        return normal(decoded(part).decode(name, "replace"))


def normal(string):
    return string.replace("\r\n", "\n")


def is_attachment(part):
    return part.get_content_disposition() == "attachment" or bool(part.get_filename())


def with_utf8(part):
    """The part's fields with raw letters as what they are most likely; Python itself gives up on them."""
    plain = email.message.Message()
    for name, value in part.raw_items():
        plain[name] = letters(str(value).encode("utf-8", "surrogateescape")).replace("\r\n", "").replace("\n", "")
    return plain


def letters(raw):
    try:
        return raw.decode("utf-8")
    except UnicodeError:
        return raw.decode("windows-1252", "replace")


def file_name(part):
    return with_utf8(part).get_filename()


def parameters(part):
    """Of Content-Type, but for what the gateway sets."""
    found = []
    for name, value in with_utf8(part).get_params(failobj=[], unquote=True)[1:]:
        value = email.utils.collapse_rfc2231_value(value)
        if name.endswith("*"):  # Python decodes no name with a hyphen
            name, value = name[:-1], urllib.parse.unquote(value.rpartition("'")[2])
        if name.lower() not in ("", "charset", "hp"):  # "text/plain;" has one without a name
            found.append((name.lower(), value))
    return sorted(found)


def is_body_text(part):
    return part.get_content_type() in BODY_TYPES and not part.is_multipart() and not is_attachment(part)


def is_flowed(part):
    return str(part.get_param("format", "")).lower() == "flowed"


def is_protected(part):
    if part.get_content_type() in PROTECTED_TYPES:
        return True
    return not part.is_multipart() and part.get_content_maintype() == "text" and bool(ARMOUR.search(decoded(part)))


def holds_protected(part):
    """The message itself or one of its own parts; an attached message is its author's affair."""
    if is_protected(part):
        return True
    if part.get_content_maintype() != "multipart":
        return False
    return any(holds_protected(child) for child in children(part))


def defects(message):
    """Why Python did not find a well-formed message."""
    return sorted({type(defect).__name__ for part in message.walk() for defect in part.defects})


class Visible(HTMLParser):
    """The text a reader sees."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.words, self.hidden, self.closed, self.after = [], 0, False, ""

    def handle_starttag(self, tag, attributes):
        self.hidden += tag in HIDDEN

    def handle_endtag(self, tag):
        if tag in HIDDEN and self.hidden:
            self.hidden -= 1
        if tag in ("body", "html"):
            self.closed, self.after = True, ""

    def handle_data(self, data):
        if not self.hidden:
            self.words.append(data)
            self.after += data if self.closed else ""


def visible(markup):
    """(text seen, whether some of it stands after </body>); white space collapsed."""
    parser = Visible()
    parser.feed(markup)
    parser.close()
    return " ".join(" ".join(parser.words).split()), bool(parser.after.strip())


def without_surroundings(body):
    """From the first line that may be a boundary to the last that may be the closing one; None without any."""
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    first = next((i for i, line in enumerate(lines) if line.startswith(b"--")), None)
    if first is None:
        return None
    last = next((i for i in range(len(lines) - 1, first, -1) if re.match(rb"--.*--\s*$", lines[i])), len(lines) - 1)
    return b"\n".join(lines[first:last + 1] + [b""])

"""
One message before and after the gateway: the same leaves, the block once where it belongs, nothing else. `Wrong` says what is not.
convert: the message was made 7-bit for a signature, so leaves that needed it may have another transfer encoding.
"""
import re
import unicodedata

import reader
import zipped

MAX_LINE_BYTES = 998
OWN_FIELDS = ("acuse-id", "disposition-notification-to")
# What a sender may not say: a receiving server's word (RFC 8601), and how receipts are to be refused (RFC 8098).
REMOVED_FIELDS = ("authentication-results", "received-spf", "dkim-signature", "domainkey-signature", "arc-seal",
                  "arc-message-signature", "arc-authentication-results", "return-path", "delivered-to", "errors-to",
                  "return-receipt-to", "read-receipt-to", "x-confirm-reading-to", "disposition-notification-options")
NONE, OLD, BLOCK, PRESENT = "no text", "old", "block", "present"
# What a multipart shows together: a file out of it would be missing there.
WHOLE_TYPES = ("related", "alternative", "signed", "encrypted", "report")
ENCODING_FIELDS = ("content-type", "content-transfer-encoding")


class Wrong(Exception):
    """What harm was found."""


def need(condition, what):
    if not condition:
        raise Wrong(what)


def squeeze(string):
    return " ".join(string.split())


class Block:
    """The signature block of one sender: its lines, and how it looks in HTML."""

    def __init__(self, lines):
        self.lines = lines
        self.seen = squeeze(" ".join(lines))
        self.bare_lines = [unicodedata.normalize("NFD", line).encode("ascii", "ignore").decode() for line in lines]

    def ends(self, string):
        return squeeze(string).endswith((self.seen, squeeze(" ".join(self.bare_lines))))


def check_outer_fields(before, after, allowed_names):
    """Every field but ours and those named has its bytes and its place among the others."""
    def others(message):
        return [(name, value) for name, value in message.fields
                if name.decode().lower() not in OWN_FIELDS + REMOVED_FIELDS + allowed_names and not name.lower().startswith(b"acuse-")]
    missing = [name for name, value in others(before) if (name, value) not in [tuple(one) for one in others(after)]]
    need(not missing, f"fields lost or changed: {missing}")
    need([tuple(one) for one in others(before)] == [tuple(one) for one in others(after)], "fields added or in another order")
    for name in OWN_FIELDS:
        need(len(after.values(name.encode())) == 1, f"{name} is not there once")
    for name in REMOVED_FIELDS:
        need(not after.values(name.encode()), f"{name} goes out")


def survives_bytes(raw):
    """Whether servers with seven bits leave it as it is."""
    lines = raw.split(b"\n")
    return (raw.isascii() and b"\0" not in raw and not re.search(rb"\r(?!\n)", raw)
            and all(len(line.rstrip(b"\r")) <= MAX_LINE_BYTES for line in lines))


def survives(raw):
    """The same, and mailbox files and gateways that cut blanks."""
    return (survives_bytes(raw) and not re.search(rb"(?m)[ \t]\r?$|^From |^\.\r?$", raw))


def same_fields(before, after, names_aside, convert):
    one = [field for field in reader.raw_fields(before) if field[0] not in names_aside]
    other = [field for field in reader.raw_fields(after) if field[0] not in names_aside]
    if convert:
        aside = {name for name, value in one if not value.isascii()} | {"content-transfer-encoding"}
        need(names_aside == zipped.FIELDS or reader.file_name(before) == reader.file_name(after), "a file name changed")
        one = [field for field in one if field[0] not in aside]
        other = [field for field in other if field[0] not in aside]
        one, other = sorted(one), sorted(other)
    need(one == other, f"fields of a part changed: {sorted(set(one) ^ set(other))}")


def compare_zipped(before, after, convert, touched):
    wrong = zipped.fault(before, after)
    need(wrong is None, wrong)
    same_fields(before, after, zipped.FIELDS, convert)
    touched.append((before, after))


def compare_untouched(before, after, convert, inside=False, attached=False, touched=None):
    """The part, with all below it, is the same. inside: it was a whole message and is a part of another now. attached: in another
    message. touched: gets the heavy files that a zip holds now; None: none may."""
    if touched is not None and zipped.is_zip_of(before, after):
        compare_zipped(before, after, convert, touched)
        return
    need(before.get_content_type() == after.get_content_type(), "a part has another type")
    need(before.is_multipart() == after.is_multipart(), "the tree changed")
    if before.is_multipart():
        attached = attached or before.get_content_type() == "message/rfc822"
        touched = None if attached or before.get_content_subtype() in WHOLE_TYPES else touched
        compare_around(before, after, convert, inside, attached)
        same_fields(before, after, (), convert)
        for one, other in zip(reader.children(before), reader.children(after)):
            compare_untouched(one, other, convert, inside, attached, touched)
        return
    one, other = reader.raw_payload(before), reader.raw_payload(after)
    # Of a part that no boundary of its own ends Python keeps the line end that belongs to the outer boundary.
    if one == other or (inside and one + b"\r\n" == other):
        same_fields(before, after, (), convert)
        return
    need(convert, "the bytes of a leaf changed")
    if before.get_content_maintype() == "multipart" and same_inside(one, other):  # that Python cannot take apart
        same_fields(before, after, (), convert)
        return
    need(not survives(one), "a leaf was encoded again without need")
    need(same_decoded(before, after, inside), "the decoded bytes of a leaf changed")
    same_fields(before, after, (), convert)


def same_inside(one, other):
    inside = reader.without_surroundings(one)
    return inside is not None and inside == reader.without_surroundings(other)


def same_decoded(before, after, inside=False):
    one, other = reader.decoded(before), reader.decoded(after)
    return one == other or (inside and one + b"\r\n" == other)


def compare_around(before, after, convert, inside=False, attached=False):
    one, other = reader.children(before), reader.children(after)
    need(len(one) == len(other), f"{len(one)} children became {len(other)}")
    need(same_around(before.preamble, after.preamble, convert, attached), "the preamble changed")
    last = (after.epilogue or "").removesuffix("\r\n") or None if inside else after.epilogue
    need(same_around(before.epilogue, after.epilogue, convert, attached) or (inside and (before.epilogue or None) == last),
         "the epilogue changed")


def same_around(one, other, convert, attached=False):
    """What stands around the parts is for no reader: nothing of it is signed, but in attached messages what is 7-bit."""
    if one == other:
        return True
    return convert and not (other or "").strip() and not (attached and survives_bytes((one or "").encode("ascii", "surrogateescape")))


def is_doubtful(string):
    """Whether some bytes were not valid in the charset."""
    return bool(re.search("[\udc80-\udcff\ufffd]", string))


def holds_accents(charset):
    """In the way that a part's other text is written; UTF-7 would need another."""
    try:
        return "í".encode(charset) != b"" and "utf-7" not in charset.lower().replace("_", "-")
    except UnicodeError:
        return False


class Tree:
    """
    The walk over both trees; .touched lists the (before, after) leaves that got the block or a zip. unclosed: no boundary ends the last
    part, and Python takes its last line end for one that belonged to it.
    """

    def __init__(self, block, convert, unclosed=False):
        self.block, self.convert, self.unclosed, self.touched, self.whole = block, convert, unclosed, [], 0

    @property
    def zips(self):
        return sum(zipped.is_zip_of(*pair) for pair in self.touched)

    def compare(self, before, after):
        """What a reader of this part sees: NONE (no text), OLD (only what the author wrote), BLOCK or PRESENT (it was there)."""
        if not self.whole and zipped.is_zip_of(before, after):
            compare_zipped(before, after, self.convert, self.touched)
            return NONE
        need(before.get_content_type() == after.get_content_type(), "a part has another type")
        need(before.is_multipart() == after.is_multipart(), "the tree changed")
        kind = before.get_content_type()
        if before.get_content_maintype() == "multipart" and before.is_multipart():
            if reader.is_protected(before) or kind == "multipart/digest":
                compare_untouched(before, after, self.convert and kind == "multipart/digest")
                return NONE
            return self.compare_children(before, after)
        if not self.is_changed(before, after):
            compare_untouched(before, after, self.convert, inside=self.unclosed)
            if not reader.is_body_text(before):
                return NONE
            return PRESENT if self.has_block(before) else OLD
        need(not before.is_multipart(), f"a {kind} changed")
        need(reader.is_body_text(before), f"a leaf that is no text of the body changed: {kind}")
        self.compare_text(before, after)
        self.touched.append((before, after))
        return BLOCK

    def is_changed(self, before, after):
        if before.is_multipart():
            return False
        if reader.raw_payload(before) == reader.raw_payload(after):
            return False
        return not self.convert or not same_decoded(before, after, self.unclosed)

    def compare_children(self, before, after):
        compare_around(before, after, self.convert)
        same_fields(before, after, (), self.convert)
        whole = before.get_content_subtype() in WHOLE_TYPES
        self.whole += whole
        seen = [self.compare(one, other) for one, other in zip(reader.children(before), reader.children(after))]
        self.whole -= whole
        found = [one for one in seen if one != NONE]
        if before.get_content_subtype() == "alternative":
            need(not {OLD, BLOCK} <= set(found), f"not all of the alternatives have the block: {seen}")
            if {OLD, PRESENT} <= set(found):
                return OLD
        else:
            need(found.count(BLOCK) <= 1, f"the block was put into {found.count(BLOCK)} parts that are seen together")
        return next((kind for kind in (BLOCK, PRESENT, OLD) if kind in found), NONE)

    def has_block(self, part):
        string = reader.text(part) or ""
        if re.search("[\udc80-\udcff]", string):  # raw 8-bit bytes without a charset
            string = string.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        # The author's own text ends with it; what he quotes below does not count.
        own = re.sub(r"(?m)^\s*(>|&gt;).*$", "", re.sub(r"[\x00-\x08\x0e-\x1f\x7f]", "", string))
        seen = reader.visible(own)[0] if part.get_content_type() == "text/html" else squeeze(own)
        return self.block.seen in seen

    def compare_text(self, before, after):
        same_fields(before, after, ENCODING_FIELDS, self.convert)
        need(reader.parameters(before) == reader.parameters(after), "a parameter of Content-Type changed")
        one, other = self.texts(before, after)
        if before.get_content_type() == "text/html":
            self.compare_html(one, other)
        else:
            # Without its accents only in a charset that cannot hold them, or that the text does not keep to.
            bare = reader.charset(after) is None or not holds_accents(reader.charset(after))
            bare = bare or is_doubtful(reader.text(before) or "")
            self.compare_plain(one, other, reader.is_flowed(before), bare)

    def texts(self, before, after):
        """Both as text; by their bytes when the old one is not certain in the charset it names."""
        old, new = reader.decoded(before), reader.decoded(after)
        one, other = reader.text(before), reader.text(after)
        doubtful = one is None or other is None or is_doubtful(one)
        if doubtful and before.get_content_type() == "text/html":
            if one is None or other is None:
                return tuple(reader.normal(raw.decode("utf-8", "surrogateescape")) for raw in (old, new))
        elif doubtful and new.startswith(old.rstrip(b"\r\n")):
            for name in ("utf-8", reader.charset(after) or "latin-1", "latin-1"):
                tail = new[len(old.rstrip(b"\r\n")):]
                try:
                    tail.decode(name)
                    return reader.normal(old.decode("latin-1")), reader.normal(
                        new[:len(old.rstrip(b"\r\n"))].decode("latin-1") + tail.decode(name))
                except UnicodeError:
                    continue
        if doubtful and reader.declares_charset(after) and not reader.declares_charset(before):
            # Raw 8-bit bytes that say nothing of themselves may be told to be what they are in Peru.
            one = reader.normal(old.decode("windows-1252", "surrogateescape"))
        need(one is not None and other is not None, "a text in a charset that nobody knows changed")
        return one, other

    def compare_plain(self, one, other, flowed, bare):
        start = one.rstrip("\n")
        need(other.startswith(start), "the text before the block changed")
        lines = other[len(start):].strip("\n").split("\n")
        if flowed:
            lines = [line[1:] if line.startswith(" ") else line for line in lines]
            need(not any(line.endswith(" ") for line in lines), "a line of the block flows into the next")
        need(lines == self.block.lines or (bare and lines == self.block.bare_lines), f"after the text stands {lines}")
        need(start == "" or other[len(start):].startswith("\n"), "the block stands in the last line of the text")

    def compare_html(self, one, other):
        # Where a transfer encoding ends its last line, the text has that line end too.
        one, other = one.rstrip("\n"), other.rstrip("\n")
        inserted = len(other) - len(one)
        need(inserted > 0, "the HTML text is shorter than before")
        at = 0
        while at < len(one) and one[at] == other[at]:
            at += 1
        need(one == other[:at] + other[at + inserted:], "the HTML text changed outside the block")
        # Where it starts is not certain when its last letters are those before it too.
        starts = (start for start in range(at, max(-1, at - inserted), -1)
                  if one == other[:start] + other[start + inserted:])
        need(any(reader.visible(other[start:start + inserted])[0] == self.block.seen for start in starts),
             "what was added to the HTML is not the block")
        seen, beyond = reader.visible(other)
        was, more = reader.visible(one)
        need(more or not beyond, "the block stands after </body>")
        need(seen.count(self.block.seen) == was.count(self.block.seen) + 1, "a reader of the HTML does not see the block")
        # A tag that never ends shows as nothing in a browser, and as text here.
        rest = seen.rpartition(self.block.seen)[2].strip()
        need(more or not rest or rest.startswith("<"), "the block is not at the end of the HTML text")


def compare_wrapped(tree, before, after):
    """A mail without text: multipart/mixed of a text with the block and of all that was there, in this order or the other."""
    compare_untouched(before, beside_block(tree, after), tree.convert, inside=True, touched=tree.touched)


def beside_block(tree, after):
    """The part beside the text with the block."""
    parts = reader.children(after)
    need(after.get_content_type() == "multipart/mixed" and len(parts) == 2, "a mail without text got no text")
    added = [part for part in parts if part.get_content_type() == "text/plain"
             and squeeze(reader.text(part) or "") == tree.block.seen]
    need(added, "the added text is not the block")
    return parts[0 if added[-1] is parts[1] else 1]


def compare_segments(before_body, after_body, touched):
    """Byte for byte: outside the texts that got the block, and files in zips, only their own fields of FIELDS changed."""
    one, other = before_body, after_body
    for before, after in touched:
        old, new = reader.raw_payload(before), reader.raw_payload(after)
        need(new in other, "a changed text is not where it was")
        left = other.index(new)
        segment = other[:left]
        # A short text may stand at several places: the one with the same bytes before it counts.
        place = next((at for at in places(one, old) if same_segment(one[:at], segment)), None)
        need(place is not None, "bytes outside the texts changed")
        one, other = one[place + len(old):], other[left + len(new):]
        if not old:  # the line end before the boundary was that of the header section too
            one, other = one.lstrip(b"\r\n"), other.lstrip(b"\r\n")
    need(one == other, "bytes after the last text changed")


def places(body, piece):
    at = body.find(piece)
    while at >= 0:
        yield at
        at = body.find(piece, at + 1)


def same_segment(one, other):
    return one == other or without_encoding_fields(one) == without_encoding_fields(other)


def without_encoding_fields(segment):
    """Without those fields in the header section that ends the segment; that a text's disposition stayed is known by then."""
    start = segment[:-2].rfind(b"\r\n\r\n") + 2
    head = re.sub(rb"(?im)^content-(type|transfer-encoding|disposition)[ \t]*:.*\r\n(?:[ \t].*\r\n)*", b"", segment[start:])
    return segment[:start] + head

"""The verdict on one message that went through: what became of it, or `Wrong` with the harm that was found."""
import email.utils
import re
import time

import compare
import reader
import signed
import splices
from compare import Wrong, need

DATE_TOLERANCE_S = 600


class Verdict:
    """kind: block, wrapped, present, protected; odd: why Python's reading was not enough, or empty; zips: files in zips now."""

    def __init__(self, kind, odd="", zips=0):
        self.kind, self.odd, self.zips = kind, odd, zips


class Case:
    """before: as it came. inner: the bytes that hold its content now, the message that left or the entity that was signed."""

    def __init__(self, before, inner, block, convert):
        self.before, self.inner, self.block, self.convert = before, inner, block, convert
        self.body = inner.partition(b"\r\n\r\n")[2]

    def read(self):
        """Both as Python reads them, with nothing but the fields that describe the content."""
        message, result = reader.read(self.before.bytes()), reader.read(self.inner)
        if self.convert:
            loosen(message)
            loosen(result)
            result = unwrap(message, result)
        only_content(message)
        only_content(result)
        return message, result

    def tree(self):
        unclosed = "CloseBoundaryNotFoundDefect" in reader.defects(reader.read(self.before.bytes()))
        return compare.Tree(self.block, self.convert, unclosed)


def judge(sent, block, sign):
    """sign: the gateway was to sign it."""
    before, after = sent.before, sent.after
    allowed = check_dates(before, after) + check_from(before, after)
    message = reader.read(before.bytes())
    if reader.is_protected(message) or (sign and not is_signed(after)):
        need(reader.holds_protected(message), "it was not signed, and its author did not either")
        need(before.body == after.body, "the body of protected mail changed")
        compare.check_outer_fields(before, after, allowed)
        return Verdict("protected")
    compare.check_outer_fields(before, after, allowed + content_names(before, after))
    case = Case(before, signed.check_form(after) if sign else after.bytes(), block, sign)
    try:
        return judge_tree(case)
    except Wrong as wrong:
        if is_wrapped(case):
            return Verdict("block beside a damaged text")
        reasons = reader.defects(message)
        if not reasons:
            raise
        return judge_bytes(case, reasons, wrong)


def is_wrapped(case):
    """All that was there is in the one part, the block in the other, though Python sees a text that could take it."""
    message, result = case.read()
    try:
        judge_wrapped(case, message, result)
    except Wrong:
        return keeps_inside(case, result)
    return True


def keeps_inside(case, result):
    """A multipart without a part, or with one that Python does not see: all between its boundaries is there, and the block."""
    inside = reader.without_surroundings(case.before.body) if case.convert and is_multipart(case.before) else None
    try:
        compare.beside_block(case.tree(), result)
    except Wrong:
        return False
    return inside is not None and inside in case.body.replace(b"\r\n", b"\n")


def judge_bytes(case, reasons, wrong):
    try:
        found = compare_either(case)
    except Wrong as worse:
        raise Wrong(f"{worse} (as Python reads it: {wrong})") from worse
    need(found or case.block.ends(case.before.body.decode("utf-8", "replace")), f"no block ({wrong})")
    return Verdict("block", " ".join(reasons))


def compare_either(case):
    """What is signed has nothing before its first boundary and behind its last."""
    try:
        return splices.compare_bytes(case.before.body, case.body, case.block)
    except Wrong:
        inside = reader.without_surroundings(case.before.body)
        if not case.convert or inside is None or not is_multipart(case.before):
            raise
        return splices.compare_bytes(inside, case.body, case.block)


def is_multipart(message):
    return any(re.match(rb"\s*multipart/", value, re.IGNORECASE) for value in message.values(b"Content-Type"))


def is_signed(message):
    return any(re.match(rb"\s*multipart/signed", value) for value in message.values(b"Content-Type"))


def content_names(before, after):
    """Names of fields that the block or the signature may change."""
    names = {name.decode().lower() for name, _ in before.fields + after.fields}
    return tuple(name for name in names if name.startswith("content-") or name == "mime-version")


def check_dates(before, after):
    """A Date or Message-ID that was missing, or a Date that says another time, may be new."""
    allowed = ()
    if not before.values(b"Message-ID"):
        allowed += ("message-id",)
    if before.values(b"Date") != after.values(b"Date"):
        need(not before.values(b"Date") or not is_now(before.values(b"Date")[0]), "a right Date was changed")
        need(len(after.values(b"Date")) == 1 and is_now(after.values(b"Date")[0]), "the new Date is not the time of now")
        allowed += ("date",)
    return allowed


def check_from(before, after):
    """The name beside the address may be the directory's; the address is the author's."""
    if before.values(b"From") == after.values(b"From"):
        return ()
    one, other = ([email.utils.parseaddr(value.decode("utf-8", "replace").strip()) for value in message.values(b"From")]
                  for message in (before, after))
    need(len(one) == len(other) == 1 and one[0][1].lower() == other[0][1].lower(), "the address of the From changed")
    need(other[0][0] != "", "the From lost its name")
    return ("from",)


def is_now(value):
    try:
        stamp = email.utils.parsedate_to_datetime(value.decode("ascii", "replace").replace("\n", "")).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return False
    return abs(stamp - time.time()) < DATE_TOLERANCE_S


def judge_tree(case):
    message, result = case.read()
    tree = case.tree()
    untouched = not case.convert and case.before.body == case.body
    if has_text(message):
        seen = tree.compare(message, result)
        if seen in (compare.NONE, compare.OLD) and untouched and reader.holds_protected(message):
            return Verdict("protected")
        need(seen in (compare.BLOCK, compare.PRESENT), "no reader sees the block")
        if not case.convert:
            compare.compare_segments(case.before.body, case.body, tree.touched)
        return Verdict("block" if len(tree.touched) > tree.zips else "present", zips=tree.zips)
    if untouched and reader.holds_protected(message):
        return Verdict("protected")
    return Verdict("wrapped", zips=judge_wrapped(case, message, result))


def judge_wrapped(case, message, result):
    """How many files are in zips now."""
    if case.convert:
        for part in reader.children(result):
            loosen(part)
    tree = case.tree()
    compare.compare_wrapped(tree, message, result)
    need(case.convert or tree.zips or case.before.body in case.body, "the bytes of a mail without text changed")
    return tree.zips


def has_text(part):
    """Whether there is a text that can take the block."""
    if part.get_content_maintype() == "multipart" and part.is_multipart():
        return (not reader.is_protected(part) and part.get_content_type() != "multipart/digest"
                and any(has_text(child) for child in reader.children(part)))
    return reader.is_body_text(part)


def only_content(message):
    for name in set(message.keys()):
        if not name.lower().startswith("content-"):
            del message[name]


def loosen(message):
    """The entity's own fields are folded anew and its Content-Type says hp; without one it has the default."""
    if "Content-Type" not in message:
        message["Content-Type"] = "text/plain; charset=us-ascii"
    for at, (name, value) in enumerate(message._headers):  # the only way that keeps order and duplicates
        if not name.lower().startswith("content-"):
            continue
        value = " ".join(str(value).split())
        if name.lower() == "content-type":
            value = re.sub(r'\s*;?\s*hp="clear"', "", value, flags=re.I).rstrip("; ")
        message._headers[at] = (name, value)


def unwrap(message, result):
    """A Content-Type that cannot be extended was put one level down."""
    parts = reader.children(result)
    if result.get_content_type() == "multipart/mixed" and len(parts) == 1 and (
            message.get_content_type() != "multipart/mixed" or len(reader.children(message)) != 1):
        loosen(parts[0])
        return parts[0]
    return result

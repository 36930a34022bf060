"""
For messages that Python's parser does not read as well-formed: the bytes before and after, line by line. Whatever differs has to be
the block put in, with the old text around it, or a transfer encoding of the same bytes.
"""
import binascii
import difflib
import html
import re

import reader
from compare import need, squeeze

ENCODING_FIELD = re.compile(rb"(?im)^(content-(type|transfer-encoding)|mime-version)[ \t]*:.*\n?(?:[ \t].*\n?)*")
MAX_LINES = 20000


def compare_bytes(before_body, after_body, block):
    """How many regions got the block."""
    found = 0
    for old, new in regions(before_body.replace(b"\r\n", b"\n").split(b"\n"),
                            after_body.replace(b"\r\n", b"\n").split(b"\n")):
        old, new = ENCODING_FIELD.sub(b"", old), ENCODING_FIELD.sub(b"", new)
        if flat(old) == flat(new):
            continue
        kinds = [kind for one in decodings(old) for other in decodings(new)
                 for kind in [difference(one, other, block)] if kind]
        need(kinds, f"bytes changed that are not the block: {old[:80]!r} became {new[:120]!r}")
        found += "block" in kinds and "same" not in kinds
    return found


def regions(one, other):
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(one), len(other)) - start and one[-1 - end] == other[-1 - end]:
        end += 1
    one, other = one[start:len(one) - end], other[start:len(other) - end]
    if len(one) + len(other) > MAX_LINES:
        yield b"\n".join(one), b"\n".join(other)
        return
    for kind, i, j, k, l in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind != "equal":
            yield b"\n".join(one[i:j]), b"\n".join(other[k:l])


def decodings(raw):
    yield raw
    yield binascii.a2b_qp(raw)
    yield reader.decode_base64(raw)


def flat(raw):
    return b"".join(raw.split())


def difference(old, new, block):
    """ "same", "block" or nothing."""
    if flat(old) == flat(new):
        return "same"
    for name in ("utf-8", "latin-1"):
        try:
            text = new.decode(name)
        except UnicodeError:
            continue
        was = old.decode(name, "surrogateescape")
        for start, end in cuts(squeeze(was), squeeze(text)):
            if plain(squeeze(text)[start:end]) == block.seen:
                return "block"
    return None


def cuts(old, new):
    """Where one piece put into `old` makes `new`."""
    size = len(new) - len(old)
    at = 0
    while at < len(old) and at < len(new) and old[at] == new[at]:
        at += 1
    for start in range(at, max(-1, at - max(size, 0) - 2), -1):
        for more in (0, -1, 1):
            end = start + size + more
            if end > start and squeeze(new[:start] + " " + new[end:]) == squeeze(old):
                yield start, end
            elif end > start and new[:start] + new[end:] == old:
                yield start, end


def plain(markup):
    return squeeze(html.unescape(re.sub(r"<[^>]*>", " ", markup)))

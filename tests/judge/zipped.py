"""
P8's zip, as a receiver opens it: Python's `zipfile` takes out the very bytes that were attached, under the name that they had.
Shares no code with the product.
"""
import email.header
import io
import re
import zipfile

import reader

FIELDS = ("content-type", "content-transfer-encoding", "content-disposition")
MAX_SHARE = 0.95  # of the old size


def name_of(part):
    """What a reader shows, encoded words too."""
    name = reader.with_utf8(part).get_filename()
    if name is None:
        return None
    try:
        return str(email.header.make_header(email.header.decode_header(name))).strip()
    except (UnicodeError, LookupError, ValueError):
        return name.strip()


def safe(name):
    """One path element, for every system."""
    name = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", name)
    return "_" + name[1:] if name in (".", "..") else name


def is_zip_of(before, after):
    return (not before.is_multipart() and not after.is_multipart() and after.get_content_type() == "application/zip"
            and reader.raw_payload(before) != reader.raw_payload(after))


def fault(before, after):
    """What is wrong with the zip; None: nothing."""
    content = reader.decoded(before)
    if len(content) <= HEAVY.over_bytes:
        return f"a file of {len(content)} bytes, which is not heavy, became a zip"
    packed = reader.decoded(after)
    if len(packed) > len(content) * MAX_SHARE:
        return "the zip is hardly smaller"
    if reader.encoding(after) != "base64" or after.get_content_disposition() != "attachment":
        return "the zip is no attachment in base64"
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as file:
            names = file.namelist()
            inside = [file.read(name) for name in names]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        return f"the zip cannot be opened: {error}"
    if inside != [content]:
        return "what comes out of the zip is not what was attached"
    return name_fault(before, after, names[0])


def name_fault(before, after, inside):
    outside, old = name_of(after), name_of(before)
    if outside != inside + ".zip":
        return f"{inside!r} is in a zip that is called {outside!r}"
    if safe(inside) != inside:
        return f"the name {inside!r} is no plain file name everywhere"
    if old is not None and not re.search("[\ufffd\udc80-\udcff]", old) and safe(old) != inside:
        return f"{old!r} is called {inside!r} in the zip"
    if not after.get("Content-Type", "").isascii() or not after.get("Content-Disposition", "").isascii():
        return "the name is not written in ASCII"
    return None


class HEAVY:
    """The gateway's setting p8_heavy_bytes, which the suite of files lowers."""
    over_bytes = 5 * 1024 * 1024

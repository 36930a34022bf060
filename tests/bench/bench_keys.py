"""A mail signed with each kind of key on SoftHSM through the whole gateway, asked of every verifier of a collected verify-all.sh."""
import os
import sys

from gateway import TOP, Failure
from table import show

sys.path[:0] = [os.path.join(TOP, "tests", "e2e"), os.path.join(TOP, "tests", "judge")]

import test_keys  # noqa: E402
import verifiers  # noqa: E402
from harness import Gateway  # noqa: E402


def with_crlf(path):
    """A copy with the line ends it travelled with; a Maildir has LF."""
    with open(path, "rb") as file:
        raw = file.read()
    copy = Gateway.places.path("work", "signed.eml")
    with open(copy, "wb") as file:
        file.write(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return copy


def main():
    if not os.path.isfile(verifiers.script()):
        raise Failure(f"{verifiers.script()} is not there")
    rows, bad = [], []
    try:
        Gateway.start()
        for number, kind in enumerate(test_keys.KINDS):
            _address, path = test_keys.signed_mail(kind, 3100 + number)
            good, said, well = verifiers.ask(with_crlf(path), Gateway.places.ca)
            rows.append([kind, " ".join(good)])
            if not well:
                bad.append(f"{kind}: {said}")
    finally:
        Gateway.stop()
    show("keys: a mail signed with each kind of key, and who says good", ["key", "verifiers"], rows,
         f"not installed here: {' '.join(verifiers.missing()) or 'none is missing'}")
    if bad:
        raise Failure("; ".join(bad))


if __name__ == "__main__":
    main()

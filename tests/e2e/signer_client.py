"""Speaks to the signer as a program that is not the milter's own might: one request. Writes the answer's word, and
behind "ok" two lines more: the digest of the certificate, the CMS in base64.

    signer_client.py SOCKET PERMIT CONTENT_FILE
"""
import base64
import fcntl
import os
import socket
import struct
import sys

F_ADD_SEALS, SEALS = 1033, 0x1 | 0x2 | 0x4 | 0x8


def offsets(body, ends):
    """A GVariant container: its members, then where they end, in the smallest size that fits."""
    for size, code in ((1, "B"), (2, "<H"), (4, "<I")):
        total = len(body) + size * len(ends)
        if total < 256 ** size:
            return body + b"".join(struct.pack(code, end) for end in ends)
    raise ValueError("too large")


def align(body, to=8):
    return body + b"\0" * (-len(body) % to)


def entry(name, value, kind):
    key = name.encode() + b"\0"
    return offsets(align(key) + value + b"\0" + kind.encode(), [len(key)])


def packet(version, operation, entries):
    array, ends = b"", []
    for one in entries:
        array = align(array) + one
        ends.append(len(array))
    array = offsets(array, ends)
    head = struct.pack("<I", version) + operation.encode() + b"\0"
    return offsets(align(head) + array, [len(head)])


def ends_of(container):
    """Size of an offset, and the last one: where the part before the offsets ends."""
    size = 1 if len(container) < 256 else 2 if len(container) < 65536 else 4
    return size, int.from_bytes(container[-size:], "little")


def members(array):
    """Name and serialised value of each member of an a{sv}."""
    size, table = ends_of(array)
    begin = 0
    for at in range(table, len(array), size):
        end = int.from_bytes(array[at:at + size], "little")
        one = array[begin:end]
        width, key_end = ends_of(one)
        yield one[:key_end - 1].decode(), one[key_end + -key_end % 8:-width].rpartition(b"\0")[0]
        begin = end + -end % 8


def show(answer):
    size, word_end = ends_of(answer)
    print(answer[4:word_end - 1].decode())
    values = dict(members(answer[word_end + -word_end % 8:-size])) if answer[4:word_end] == b"ok\0" else {}
    if values:
        print(values["certificate_sha256"].rstrip(b"\0").decode())
        print(base64.b64encode(values["cms"]).decode())


def main():
    path, permit, content = sys.argv[1:]
    sealed = os.memfd_create("content", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    with open(content, "rb") as file:
        os.write(sealed, file.read())
    fcntl.fcntl(sealed, F_ADD_SEALS, SEALS)
    text = permit.encode() + b"\0"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.settimeout(30)
        one.connect(path)
        socket.send_fds(one, [packet(1, "sign", [entry("permit", text, "s")])], [sealed])
        answer = one.recv(1 << 20)
    if len(answer) > 4:
        show(answer)
    else:
        print("closed")


if __name__ == "__main__":
    main()

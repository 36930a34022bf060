"""Speaks to the signer as a program that is not the milter's own might: one request, its answer's first word.

    signer_client.py SOCKET PERMIT CONTENT_FILE
"""
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
    print(answer[4:answer.index(0, 4)].decode() if len(answer) > 4 else "closed")


if __name__ == "__main__":
    main()

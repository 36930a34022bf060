"""The milter protocol (version 6) as Postfix speaks it: one connection, and what the milter wants changed."""
import socket
import struct

ALL_ACTIONS, ALL_STEPS, LEADSPC = 0x1FF, 0x1FFFFF, 0x100000
NO_REPLY_HEADER, NO_REPLY_BODY = 0x80, 0x80000
CHUNK_BYTES = 65535
FINAL = "acdrtys"


class Milter:
    """
    Every step returns the final reply letter; the text of a refusal is in .reply, the changes of the last answer are in
    .changes as (letter, arguments): text, but bytes for a body ("b"), and for a field ("h", "i", "m": [index,] name, value).
    """

    def __init__(self, path, steps=ALL_STEPS, actions=ALL_ACTIONS, timeout_s=20):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout_s)
        self.socket.connect(path)
        self.reply, self.changes = None, []
        self.send(b"O", struct.pack("!III", 6, actions, steps))
        self.letter, data = self.receive()
        self.steps = struct.unpack("!III", data[:12])[2] if self.letter == "O" else None

    def send(self, letter, data=b""):
        self.socket.sendall(struct.pack("!I", len(data) + 1) + letter + data)

    def exactly(self, size):
        data = bytearray()
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError
            data += more
        return bytes(data)

    def receive(self):
        size, = struct.unpack("!I", self.exactly(4))
        packet = self.exactly(size)
        return packet[:1].decode(), packet[1:]

    def answer(self):
        self.reply, self.changes = None, []
        while True:
            letter, data = self.receive()
            if letter in FINAL:
                if letter == "y":
                    self.reply = data.rstrip(b"\0").decode()
                return letter
            if letter != "p":  # still at work
                self.changes.append((letter, arguments(letter, data)))

    def macros(self, letter, **values):
        data = b"".join(name.encode() + b"\0" + value.encode() + b"\0" for name, value in values.items())
        self.send(b"D", letter + data)

    def connect(self, stream):
        self.macros(b"C", **({"{daemon_name}": stream} if stream else {}))
        self.send(b"C", b"mx.ciudadano.test\0" + b"4" + struct.pack("!H", 25) + b"192.0.2.1\0")

    def mail(self, sender, stream, login=None):
        values = {"{daemon_name}": stream} if stream else {}
        if login:
            values["{auth_authen}"] = login
        self.macros(b"M", **values)
        self.send(b"M", sender.encode() + b"\0")
        return self.answer()

    def rcpt(self, recipient):
        self.macros(b"R")
        self.send(b"R", recipient.encode() + b"\0NOTIFY=SUCCESS,FAILURE,DELAY\0")
        return self.answer()

    def content(self, fields, body, queue_id):
        """Fields as (name, value) bytes, value with its leading blank and folds as LF; the body with CRLF."""
        for name, value in fields:
            self.send(b"L", name + b"\0" + value + b"\0")
            if not self.steps & NO_REPLY_HEADER:
                self.answer()
        for start in range(0, len(body), CHUNK_BYTES):
            self.send(b"B", body[start:start + CHUNK_BYTES])
            if not self.steps & NO_REPLY_BODY:
                self.answer()
        self.macros(b"E", i=queue_id)
        self.send(b"E")
        return self.answer()

    def data(self, text, queue_id="4fTest0Queue"):
        head, body = text.split("\n\n", 1)
        fields = [tuple(part.encode() for part in line.split(":", 1)) for line in head.split("\n")]
        return self.content(fields, body.replace("\n", "\r\n").encode(), queue_id)

    def begin(self, stream, sender, recipients, login=None):
        """MAIL and RCPT; "c" when the message may follow."""
        letter = self.mail(sender, stream, login)
        for one in recipients:
            if letter != "c":
                break
            letter = self.rcpt(one)
        return letter

    def message(self, stream, sender, recipients, text, login=None):
        letter = self.begin(stream, sender, recipients, login)
        return self.data(text) if letter == "c" else letter

    def close(self):
        self.send(b"Q")
        self.socket.close()


def arguments(letter, data):
    if letter == "b":
        return data
    if letter in "him":
        index = [] if letter == "h" else list(struct.unpack("!I", data[:4]))
        name, value = (data if letter == "h" else data[4:]).split(b"\0", 1)
        return [*index, name, value.rstrip(b"\0")]
    return data.rstrip(b"\0").decode(errors="replace").split("\0")

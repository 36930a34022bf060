"""
A message as Postfix handles it around a milter: split into fields and body as its cleanup daemon does, made an employee's own,
and put together again with what the milter wanted changed (leading blanks are the milter's own, added fields stand last).
"""
import re

from milter_client import Milter

FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.S)
FINAL_WAIT_S = 60


class Message:
    """Fields as [name, value] with folds as LF, the body with CRLF."""

    def __init__(self, fields, body):
        self.fields, self.body = fields, body

    @classmethod
    def parse(cls, raw):
        """Lines end in LF or CRLF, as the SMTP server reads them; the first line that is no field begins the body."""
        lines = raw.split(b"\n")
        if lines and lines[-1] == b"":
            lines.pop()
        lines = [line.rstrip(b"\r") for line in lines]
        # Names and values travel as C strings.
        strings = [line.replace(b"\0", b"") for line in lines]
        fields, at = [], 0
        # The line of a mailbox file that Postfix takes away.
        if lines and re.match(rb">*From ", lines[0]):
            at = 1
        while at < len(lines):
            line = strings[at]
            found = FIELD.fullmatch(line)
            if fields and line[:1] in (b" ", b"\t") and line.strip():
                fields[-1][1] += b"\n" + line
            elif found:
                fields.append([found[1], found[2]])
            else:
                break
            at += 1
        if at < len(lines) and lines[at].strip() == b"":
            at += 1
        return cls(fields, b"".join(line + b"\r\n" for line in lines[at:]))

    def copy(self):
        return Message([list(field) for field in self.fields], self.body)

    def bytes(self):
        head = b"".join(name + b":" + value.replace(b"\n", b"\r\n") + b"\r\n" for name, value in self.fields)
        return head + b"\r\n" + self.body

    def values(self, name):
        return [value for one, value in self.fields if one.lower() == name.lower()]

    def delete(self, *names):
        names = [name.lower() for name in names]
        self.fields = [field for field in self.fields if field[0].lower() not in names]

    def add(self, name, value):
        self.fields.append([name, b" " + value])


def adopt(message, sender, recipient, message_id, subject=None):
    """The message as its employee would send it; a subject for those that are to be signed."""
    own = message.copy()
    own.delete(b"From", b"Sender", b"Message-ID", b"Return-Path", b"Bcc", b"Resent-Bcc")
    own.add(b"From", sender.encode())
    own.add(b"Message-ID", message_id.encode())
    if subject is not None:
        own.delete(b"Subject", b"To", b"Cc")
        own.add(b"Subject", subject.encode())
    if not own.values(b"To"):
        own.add(b"To", recipient.encode())
    return own


def apply_changes(message, changes):
    """What Postfix's queue file holds in the end, and the new return address (None: unchanged)."""
    result, body, sender = message.copy(), None, None
    for letter, values in changes:
        if letter == "h":
            result.fields.append(list(values))
        elif letter == "i":
            result.fields.insert(max(values[0], 0), list(values[1:]))
        elif letter == "m":
            change_field(result, *values)
        elif letter == "b":
            body = (body or b"") + values
        elif letter == "e":
            sender = values[0]
    if body is not None:
        result.body = body
    return result, sender


def change_field(message, index, name, value):
    """The index-th field of that name; without a value it goes away, and one that is absent is added."""
    places = [at for at, field in enumerate(message.fields) if field[0].lower() == name.lower()]
    if index > len(places):
        if value:
            message.fields.append([name, value])
    elif value:
        message.fields[places[index - 1]] = [name, value]
    else:
        del message.fields[places[index - 1]]


class Sent:
    """What became of one message: .letter "c" or "a" taken, "d" dropped, others refused with .reply."""

    def __init__(self, before, letter, reply, changes, queue_id):
        self.before, self.letter, self.reply, self.queue_id = before, letter, reply, queue_id
        self.after, self.sender = apply_changes(before, changes) if self.taken else (None, None)

    @property
    def taken(self):
        return self.letter in "ca"


class Submission:
    """One authenticated connection to acuse-milter outgoing."""

    def __init__(self, path, login):
        self.milter, self.login = Milter(path, timeout_s=FINAL_WAIT_S), login
        self.milter.connect("SUBMISSION")

    def send(self, message, sender, recipient, queue_id):
        letter = self.milter.begin("SUBMISSION", f"<{sender}>", [f"<{recipient}>"], self.login)
        if letter == "c":
            letter = self.milter.content(message.fields, message.body, queue_id)
        return Sent(message, letter, self.milter.reply, self.milter.changes, queue_id)

    def close(self):
        self.milter.close()

"""What one large message costs: memory of the milter beside the message's size, and time from 1 to 25 MiB."""
import base64
import itertools
import os
import random
import sys

from gateway import TOP, Failure, processes_of, processor_s, running
from places import CITIZEN, EXPEDIENTE, OFFICE_ADDRESS
from table import ratio, show

sys.path.insert(0, os.path.join(TOP, "tests"))
from milter_client import Milter  # noqa: E402

MIB = 1024 * 1024
SIZES = (1, 5, 10, 25)
SMALL = 16 * 1024  # of the messages before the base is looked at
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
MODES = {"policy": ("rmoralesa@muni.test", "Consulta {}"), "signed": (OFFICE_ADDRESS, "CARTA {}-2026-SG/MUNI. Exp. " + EXPEDIENTE)}
LINE = "Se adjunta la resolución de alcaldía con su notificación, según el artículo 20 de la ley, para los fines.\r\n".encode()
TEXT = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
DAEMONS = ("outgoing", "provision", "signer")
numbers = itertools.count(1)


def text_8bit(size):
    return [(b"MIME-Version", b" 1.0"), (b"Content-Type", b" text/plain; charset=utf-8"),
            (b"Content-Transfer-Encoding", b" 8bit")], LINE * (size // len(LINE))


def text_latin(size):
    line = LINE.decode().encode("iso-8859-1")
    fields = text_8bit(0)[0]
    return fields[:1] + [(b"Content-Type", b" text/plain; charset=iso-8859-1")] + fields[2:], line * (size // len(line))


def text_of(charset, line, size):
    row, (version, _, coding) = line.encode(charset if charset != "x-unknown" else "utf-8"), text_8bit(0)[0]
    return [version, (b"Content-Type", b" text/plain; charset=" + charset.encode()), coding], row * (size // len(row))


def text_koi8(size):
    """In a charset that has no place for the block's accents."""
    return text_of("koi8-r", "Прилагается решение с уведомлением о том, что было принято.\r\n", size)


def text_iso_2022_jp(size):
    """In a charset of several bytes a letter."""
    return text_of("iso-2022-jp", "決議とその通知を添付します。ご確認のほどよろしくお願いいたします。\r\n", size)


def text_unknown(size):
    return text_of("x-unknown", LINE.decode(), size)


def text_invalid(size):
    """With a byte that means nothing in each line."""
    fields, body = text_8bit(size)
    return fields, body.replace(b"alcald", b"alc\xffld")


def text_mislabelled(size):
    """What careless clients send; it cannot stay as it is."""
    fields, body = text_8bit(size)
    return fields[:2] + [(b"Content-Transfer-Encoding", b" 7bit")], body


def text_base64(size):
    fields, body = text_8bit(size * 3 // 4 * 76 // 78)
    return fields[:2] + [(b"Content-Transfer-Encoding", b" base64")], lines_of_base64(body)


def attachment(size):
    data = random.Random(size).randbytes(size * 3 // 4 * 76 // 78)
    return [(b"MIME-Version", b" 1.0"), (b"Content-Type", b' multipart/mixed; boundary="b"')], (
        b"--b\r\n" + TEXT + LINE + b"--b\r\nContent-Type: image/png; name=\"foto.png\"\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=\"foto.png\"\r\n\r\n" + lines_of_base64(data) + b"\r\n--b--\r\n")


def html_and_attachment(size):
    """Nearly as much HTML as is taken, an eighth of the largest message."""
    html = b"<p>" + LINE.rstrip() + b"</p>\r\n"
    fields, body = attachment(size - size // 8)
    return fields, body.replace(TEXT + LINE, TEXT.replace(b"plain", b"html") + html * (size // 8 // len(html)), 1)


def lines_of_base64(data):
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


KINDS = {"8-bit text": text_8bit, "iso-8859-1 text": text_latin, "koi8-r text": text_koi8, "iso-2022-jp text": text_iso_2022_jp,
         "unknown charset": text_unknown, "not valid UTF-8": text_invalid, "8-bit text as 7bit": text_mislabelled,
         "base64 text": text_base64, "attachment": attachment, "HTML, attachment": html_and_attachment}


def memory_mib(pid, name):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":")) / 1024


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w", encoding="utf-8") as file:
        file.write("5")


def send(places, mode, fields, body):
    (sender, subject), number = MODES[mode], next(numbers)
    fields = [(b"From", f" <{sender}>".encode()), (b"To", f" <{CITIZEN}>".encode()),
              (b"Subject", f" {subject.format(number)}".encode())] + fields
    client = Milter(places.milter, timeout_s=120)
    client.connect("SUBMISSION")
    letter = client.begin("SUBMISSION", f"<{sender}>", [f"<{CITIZEN}>"], "rmoralesa")
    letter = client.content(fields, body, f"4fSize{number:06}") if letter == "c" else letter
    client.close()
    if letter not in "ac":
        with open(places.log("outgoing"), encoding="utf-8", errors="replace") as file:
            why = [line.strip() for line in file if f"queue_id=4fSize{number:06}" in line]
        raise Failure(f"{mode} of {len(body):,} bytes: {letter} {client.reply} {why}")


def measure(places, mode, make, mib, base):
    """Size of the message, the milter's peak beyond its base, processor time of all daemons: MiB, MiB, s."""
    pids = [pid for name in DAEMONS for pid in processes_of(places.state["processes"][name][0])]
    milter = places.state["processes"]["outgoing"][0]
    fields, body = make(mib * MIB)
    forget_peak(milter)
    begun = processor_s(pids)
    send(places, mode, fields, body)
    return len(body) / MIB, memory_mib(milter, "VmHWM") - base, processor_s(pids) - begun


def median(rows):
    return [sorted(column)[len(rows) // 2] for column in zip(*rows)]


def main():
    found = {}
    with running() as places:
        cases = [(mode, kind) for mode in MODES for kind in KINDS]
        for (mode, kind), _ in itertools.product(cases, range(3)):
            send(places, mode, *KINDS[kind](SMALL))
        base = memory_mib(places.state["processes"]["outgoing"][0], "VmRSS")
        for case, mib in itertools.product(cases, SIZES):
            found[case, mib] = median([measure(places, case[0], KINDS[case[1]], mib, base) for _ in range(ROUNDS)])
    last = SIZES[-1]
    show(f"size: one message of {last} MiB; processor time of milter, signer and provisiond",
         ["mode", "message", "MiB more", "of its size"] + [f"s of {mib} MiB" for mib in SIZES] + [f"per MiB {last}:1"],
         [[*case, f"{found[case, last][1]:.1f}", ratio(found[case, last][1], found[case, last][0])] +
          [f"{found[case, mib][2]:.2f}" for mib in SIZES] +
          [ratio(found[case, last][2] / found[case, last][0], found[case, 1][2] / found[case, 1][0])] for case in cases])
    over = [" ".join(case) for case in cases if found[case, last][1] > 2 * found[case, last][0]]
    if over:
        raise Failure("more than twice its size: " + ", ".join(over))


if __name__ == "__main__":
    main()

"""Sends messages through acuse-milter outgoing of a private gateway, has each judged, and keeps the score."""
import collections
import concurrent.futures
import http.client
import itertools
import os
import re
import socket
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

from harness import CITIZEN, EXPEDIENTE, OFFICE_ADDRESS, WAIT_S, Gateway, processes  # noqa: E402

import compare  # noqa: E402
import judge  # noqa: E402
import limits  # noqa: E402
import messages  # noqa: E402
import signed  # noqa: E402

MODES = ("policy", "signature")
SENDERS = {"policy": "rmoralesa@muni.test", "signature": OFFICE_ADDRESS}
PLAIN = b"Subject: Consulta\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\nTexto\n"
CONNECTIONS = 4
NAMED = ("Rosa Morales Aranda", "Municipalidad Distrital de Prueba", "555-0100")


class Api(http.client.HTTPConnection):
    """The gateway's API over its Unix socket."""

    def __init__(self, path):
        super().__init__("acuse")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)

    def message(self, send_id):
        self.request("GET", f"/v1/sends/{send_id}/message")
        answer = self.getresponse()
        content = answer.read()
        return content if answer.status == 200 else None


class Score:
    """What became of the messages of one suite."""

    def __init__(self, name):
        self.name, self.sent, self.wrong, self.lock = name, 0, 0, threading.Lock()
        self.kinds, self.odd, self.refused, self.verified, self.known = (collections.Counter() for _ in range(5))

    def count(self, counter, word):
        """The new number."""
        with self.lock:
            counter[word] += 1
            return counter[word]

    def add_sent(self, wrong=False):
        with self.lock:
            self.sent += not wrong
            self.wrong += wrong

    def line(self):
        parts = [f"{count} {kind}" for kind, count in sorted(self.kinds.items())]
        refused = sum(self.refused.values())
        parts += [f"{refused} refused"] if refused else []
        parts += [f"{count} signatures good for {name}" for name, count in sorted(self.verified.items())]
        return f"{self.sent} messages: {', '.join(parts)}"


class Station:
    """gpgsm_every: of the signed messages each n-th is checked by the second verifier too (openssl checks all)."""

    def __init__(self, folder, gpgsm_every):
        self.places, self.person = Gateway.places, Gateway.person
        self.numbers, self.gpgsm_every = itertools.count(1), gpgsm_every
        self.keep, self.own, self.opened = os.environ.get("ACUSE_JUDGE_KEEP"), threading.local(), []
        self.verifiers = signed.Verifiers(folder, self.places.ca)
        self.blocks = {mode: self.learn_block(mode) for mode in MODES}

    def stop(self):
        for one in self.opened:
            one.close()
        self.verifiers.stop()

    def reconnect(self):
        """After the milter was started anew: until it has its copy of the directory."""
        self.own, self.opened = threading.local(), []
        processes.wait_until(lambda: self.submit(messages.Message.parse(PLAIN), SENDERS["policy"], None).taken, WAIT_S,
                             "the milter takes no mail")

    def open(self, name, make):
        """Each thread has its own connections."""
        if not hasattr(self.own, name):
            setattr(self.own, name, make())
            self.opened.append(getattr(self.own, name))
        return getattr(self.own, name)

    @property
    def submission(self):
        return self.open("milter", lambda: messages.Submission(self.places.milter, self.person.uid))

    @property
    def api(self):
        return self.open("api_connection", lambda: Api(self.places.api))

    def run_all(self, jobs):
        """Each job is what run() takes."""
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as threads:
            for _ in threads.map(lambda job: self.run(*job), jobs):
                pass

    def learn_block(self, mode):
        """The block of the mode's sender, as it stands under a plain text."""
        sent = self.submit(messages.Message.parse(PLAIN), SENDERS[mode], None)
        compare.need(sent.taken, f"a plain text was refused: {sent.reply}")
        text = judge.reader.text(judge.reader.read(sent.after.bytes()))
        compare.need(text.startswith("Texto\n"), "the text changed")
        lines = text[len("Texto\n"):].strip("\n").split("\n")
        for word in NAMED:
            compare.need(any(word in line for line in lines), f"the block lacks {word}")
        return compare.Block(lines)

    def submit(self, message, sender, subject):
        number = next(self.numbers)
        queue_id = f"4fJ{os.getpid():08d}{number:08d}"
        own = messages.adopt(message, sender, CITIZEN, f"<judge.{number}.{os.getpid()}@muni.test>", subject)
        try:
            return self.submission.send(own, sender, CITIZEN, queue_id)
        except (EOFError, OSError):
            del self.own.milter
            return messages.Sent(own, "t", "the milter closed the connection or did not answer", [], queue_id)

    def run(self, score, mode, name, raw):
        """One message in one mode."""
        sign = mode == "signature"
        subject = f"CARTA {next(self.numbers)}-2026-SG/MUNI. Exp. {EXPEDIENTE}" if sign else None
        message = messages.Message.parse(raw)
        sent = self.submit(message, SENDERS[mode], subject)
        score.add_sent()
        if re.search(r"\[P(3|10)\]", sent.reply or ""):
            # Refused as it should be; with another subject its content is worth a look.
            score.count(score.refused, self.reason(sent))
            sent = self.submit(message, SENDERS[mode], "Consulta")
            score.add_sent()
        if not sent.taken:
            score.count(score.refused, self.reason(sent))
            self.note(name, mode, sent, f"refused: {self.reason(sent)}")
            return
        try:
            verdict = judge.judge(sent, self.blocks[mode], sign)
            self.check_record(sent)
            if sign and verdict.kind != "protected":
                self.verify(score, sent)
        except (compare.Wrong, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
            if name in limits.KNOWN_FAULTS:
                score.count(score.known, name)
                return
            score.add_sent(wrong=True)
            print(f"  WRONG {mode} {name}: {type(error).__name__} {error}"[:600], flush=True)
            self.note(name, mode, sent, f"{type(error).__name__} {error}")
            return
        if name in limits.KNOWN_FAULTS:
            score.add_sent(wrong=True)
            print(f"  WRONG {mode} {name}: it is well now: take it out of KNOWN_FAULTS", flush=True)
            return
        score.count(score.kinds, verdict.kind)
        if verdict.odd:
            score.count(score.odd, verdict.odd)

    def check_record(self, sent):
        send_id, = sent.after.values(b"Acuse-Id")
        recorded = self.api.message(send_id.decode().strip())
        compare.need(recorded == sent.after.bytes(), "the recorded bytes are not those that Postfix has")

    def verify(self, score, sent):
        self.verifiers.openssl(sent.after, sent.queue_id)
        if score.count(score.verified, "openssl") % self.gpgsm_every == 1 % self.gpgsm_every:
            self.verifiers.gpgsm(sent.after, sent.queue_id)
            score.count(score.verified, "gpgsm")

    def reason(self, sent):
        """The log says more than the answer."""
        reply = re.sub(r"\s*\(.*", "", sent.reply or sent.letter)
        with open(self.places.log("outgoing"), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 65536))
            log = file.read().decode(errors="replace")
        found = re.search(rf'queue_id={sent.queue_id} .*\bwhy=("(?:[^"\\]|\\.)*"|\S+)', log)
        return f"{reply.split()[0]} {found[1].strip(chr(34))}" if found else reply

    def note(self, name, mode, sent, what):
        """For whoever looks into it: the message before and after."""
        if not self.keep:
            return
        path = os.path.join(self.keep, f"{mode}-{re.sub(r'[^A-Za-z0-9._-]', '_', name)[-120:]}")
        with open(path + ".txt", "w", encoding="utf-8", errors="replace") as file:
            file.write(f"{name}, mode {mode}: {what}\n")
        for end, message in (("before", sent.before), ("after", sent.after)):
            if message is not None:
                with open(f"{path}.{end}.eml", "wb") as file:
                    file.write(message.bytes())

"""One table of forgeries, handed in together: none becomes an event that counts, none harms a daemon.

Each case is (name, way, mail, sender, recipients, what becomes of it). Ways: a stranger's server, the citizen's own server (which
signs for his domain), sendmail(1) on the gateway, an employee's submission. Fate: "refused" in the SMTP dialogue, "taken" and then
either kept as an event that does not count or delivered as ordinary mail, "gone": taken by sendmail(1) and refused afterwards.
"""
import socket
import subprocess

from harness import *

STRANGER, NEIGHBOUR = "x@extranjero.test", "vecina@ciudadano.test"
PASS = f"Authentication-Results: {servers.HOST}; dmarc=pass (p=reject) header.from=ciudadano.test"
WAY_OUTSIDE, WAY_CITIZEN, WAY_SENDMAIL, WAY_SUBMIT = "stranger", "citizen", "sendmail", "submission"


def now():
    return mails.email.utils.format_datetime(mails.email.utils.localtime())


def mime(kind, parts, **fields):
    """A mail of these parts [(type, text)] under one boundary; fields of the header as they are given."""
    head = {"From": STRANGER, "To": OFFICE_ADDRESS, "Subject": "Aviso", "Date": now(), **fields}
    text = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in head.items() if value is not None)
    body = "".join(f"--b\r\nContent-Type: {name}\r\n\r\n{part}\r\n" for name, part in parts)
    return f'{text}MIME-Version: 1.0\r\nContent-Type: {kind}; boundary="b"\r\n\r\n{body}--b--\r\n'


def plain(text="Recibido conforme.\r\n", **fields):
    head = {"From": CITIZEN, "To": OFFICE_ADDRESS, "Subject": "Re: carta", "Date": now(), **fields}
    return "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in head.items() if value is not None) + "\r\n" + text


class Known:
    """What a recipient of a send knows of it, and what only we do."""

    def __init__(self, number, **more):
        mail = notification(number, **more)
        code, text = reply_of(lambda: submit(mail))
        if code != 250:
            raise Failure(f"{code} {text}")
        self.message_id = str(mail["Message-ID"])
        self.token = token_of(mail)
        self.address = f"acuse+{self.token}@{DOMAIN}"
        wait(lambda: [one for one in events_of(self.message_id) if one["event"] == "relayed"], "no report came")
        self.queue_id = sends(self.message_id)[0]["attempts"][0]

    def report(self, groups=None, envid=True, queue_id=None, returned=True, action="delivered", **fields):
        """A report as our own Postfix writes it."""
        head = (f"Reporting-MTA: dns; {servers.HOST}\r\n" + (f"Original-Envelope-Id: {self.token}\r\n" if envid else "")
                + f"X-Postfix-Queue-ID: {queue_id or self.queue_id}\r\n")
        group = (f"Final-Recipient: rfc822; {CITIZEN}\r\nOriginal-Recipient: rfc822;{CITIZEN}\r\nAction: {action}\r\nStatus: 2.0.0\r\n"
                 "Diagnostic-Code: smtp; 250 2.0.0 OK\r\n")
        parts = [("text/plain", "Delivered.\r\n"), ("message/delivery-status", "\r\n".join([head] + (groups or [group])))]
        if returned:
            parts.append(("text/rfc822-headers", f"Message-ID: {self.message_id}\r\n"))
        return mime("multipart/report; report-type=delivery-status", parts, **{
            "From": f"MAILER-DAEMON@{servers.HOST}", "To": self.address, "Subject": "Successful Mail Delivery Report",
            "Auto_Submitted": "auto-replied", **fields})

    def receipt(self, disposition="manual-action/MDN-sent-manually; displayed", final=CITIZEN, original=None, **fields):
        text = (f"Final-Recipient: rfc822;{final}\r\nOriginal-Message-ID: {original or self.message_id}\r\n"
                f"Disposition: {disposition}\r\n")
        return mime("multipart/report; report-type=disposition-notification",
                    [("text/plain", "Leido.\r\n"), ("message/disposition-notification", text)],
                    **{"From": CITIZEN, "To": self.address, "Subject": "Leido", **fields})

    def answer(self, text="Recibido conforme.\r\n", **fields):
        return plain(text, **{"To": self.address, "In_Reply_To": self.message_id, **fields})


def group(final=CITIZEN, action="delivered"):
    return f"Final-Recipient: rfc822; {final}\r\nAction: {action}\r\nStatus: 2.0.0\r\n"


def reports_from_outside(a, b):
    to = [a.address]
    nested = mime("multipart/mixed", [("text/plain", "Vea.\r\n"), ("message/rfc822", a.report())], To=a.address)
    return [
        ("delivered, all that a recipient knows", a.report(), "", to, "taken"),
        ("relayed", a.report(action="relayed"), "", to, "taken"),
        ("delivered, to the office", a.report(To=OFFICE_ADDRESS), "", [OFFICE_ADDRESS], "taken"),
        ("delivered, by Message-ID alone", a.report(envid=False, To=OFFICE_ADDRESS), "", [OFFICE_ADDRESS], "taken"),
        ("delivered, by ENVID alone", a.report(returned=False, To=OFFICE_ADDRESS), "", [OFFICE_ADDRESS], "taken"),
        ("failed, by Message-ID alone", a.report(envid=False, action="failed", To=OFFICE_ADDRESS), "", [OFFICE_ADDRESS], "taken"),
        ("failed, of another recipient", a.report([group(NEIGHBOUR, "failed")]), "", to, "taken"),
        ("of one send to the token of another", b.report(), "", to, "taken"),
        ("queue id of a requeued message", a.report(queue_id="4ZzzRequeued0z0z"), "", to, "taken"),
        ("action in capitals", a.report(action="DELIVERED"), "", to, "taken"),
        ("action with a comment", a.report(action="delivered (por fin)"), "", to, "taken"),
        ("expanded", a.report(action="expanded"), "", to, "taken"),
        ("nobody's failure before the citizen's delivery", a.report([group(NEIGHBOUR, "failed"), group()]), "", to, "taken"),
        ("two recipients in one group", a.report([f"Final-Recipient: rfc822; {NEIGHBOUR}\r\n" + group()]), "", to, "taken"),
        ("true report inside another mail", nested, "", to, "taken"),
        ("not the null sender", a.report(), STRANGER, to, "taken"),
        ("sender of our own domain", a.report(), f"MAILER-DAEMON@{DOMAIN}", to, "refused"),
    ]


def tokens(a, b):
    changed = a.token[:7] + ("a" if a.token[7] != "a" else "b") + a.token[8:]
    return [
        ("guessed token", a.answer(), CITIZEN, [f"acuse+{'a2' * 16}@{DOMAIN}"], "refused"),
        ("token with one letter changed", a.answer(), CITIZEN, [f"acuse+{changed}@{DOMAIN}"], "refused"),
        ("token cut short", a.answer(), CITIZEN, [f"acuse+{a.token[:-1]}@{DOMAIN}"], "refused"),
        ("token with more behind it", a.answer(), CITIZEN, [f"acuse+{a.token}2@{DOMAIN}"], "refused"),
        ("token of two sends in one", a.answer(), CITIZEN, [f"acuse+{a.token[:16]}{b.token[16:]}@{DOMAIN}"], "refused"),
        ("token at another domain", a.answer(), CITIZEN, [f"acuse+{a.token}@extranjero.test"], "refused"),
        ("copied token, stranger's own mail", plain(From=STRANGER, To=a.address), STRANGER, [a.address], "taken"),
        ("copied token, in the citizen's name", a.answer(), CITIZEN, [a.address], "taken"),
        ("copied token in capitals", a.answer(), CITIZEN, [f"ACUSE+{a.token.upper()}@{DOMAIN}"], "taken"),
        ("tokens of two sends", a.answer(To=f"{a.address}, {b.address}"), CITIZEN, [a.address, b.address], "taken"),
    ]


def identities(a):
    """A stranger in the citizen's name, to the right token."""
    head = a.answer()
    return [(name, mail, sender, [a.address], "taken") for name, mail, sender in [
        ("forged result", PASS + "\r\n" + head, CITIZEN),
        ("forged result with a comment", PASS.replace(":", " : (a (b))") + "\r\n" + head, CITIZEN),
        ("forged signature", "DKIM-Signature: v=1; a=rsa-sha256; d=ciudadano.test; s=correo; h=from; bh=AAAA; b=AAAA\r\n" + head, CITIZEN),
        ("forged seal of ARC", f"ARC-Authentication-Results: i=1; {servers.HOST}; dmarc=pass header.from=ciudadano.test\r\n" + head, CITIZEN),
        ("address in the display name", a.answer(From=f'"{CITIZEN}" <{STRANGER}>'), STRANGER),
        ("two authors", a.answer(From=f"{STRANGER}, {CITIZEN}"), STRANGER),
        ("two From fields", f"From: {STRANGER}\r\n" + head, STRANGER),
        ("sub-domain of the citizen's", a.answer(From="ciudadano@mx.ciudadano.test"), "ciudadano@mx.ciudadano.test"),
        ("letter of another alphabet", a.answer(From="ciud\u0430dano@ciudadano.test"), STRANGER),
        ("Sender is the citizen", a.answer(From=STRANGER, Sender=CITIZEN), CITIZEN),
        ("receipt unsigned", a.receipt(), CITIZEN),
        ("receipt with a forged result", PASS + "\r\n" + a.receipt(), CITIZEN),
    ]]


def from_the_citizens_server(a, b):
    """Signed, so that the domain is proved: what else does not fit has to tell."""
    vacation = a.answer("Estoy de vacaciones.\r\n", Auto_Submitted="auto-replied")
    return [(name, mail, sender, [a.address], "taken") for name, mail, sender in [
        ("vacation", vacation, CITIZEN),
        ("answer of the null sender", a.answer(), ""),
        ("answer of who was no recipient", a.answer(From=NEIGHBOUR), NEIGHBOUR),
        ("receipt of who was no recipient", a.receipt(From=NEIGHBOUR, final=NEIGHBOUR), NEIGHBOUR),
        ("neighbour's receipt about the citizen", a.receipt(From=NEIGHBOUR), NEIGHBOUR),
        ("citizen's receipt about another", a.receipt(final=NEIGHBOUR), CITIZEN),
        ("receipt: deleted", a.receipt("manual-action/MDN-sent-manually; deleted"), CITIZEN),
        ("receipt: processed", a.receipt("automatic-action/MDN-sent-automatically; processed"), CITIZEN),
        ("receipt of before the send", a.receipt(Date="Mon, 05 Jan 2026 10:00:00 -0500"), CITIZEN),
        ("answer with a date that cannot be read", a.answer(Date="manana"), CITIZEN),
        ("answer that names nothing", plain(To=OFFICE_ADDRESS), CITIZEN),
        ("answer to another mail", plain(To=OFFICE_ADDRESS, In_Reply_To="<otro@ciudadano.test>"), CITIZEN),
        ("delivered, signed by the citizen", a.report(From=CITIZEN), CITIZEN),
    ]]


def spoilt(a):
    """Oversized, nested, endless: limits, not proof."""
    def deep(levels):
        return (f"From: {STRANGER}\r\nTo: {a.address}\r\nDate: {now()}\r\nMIME-Version: 1.0\r\n"
                "Content-Type: multipart/mixed; boundary=n0\r\n\r\n" + "".join(
                    f"--n{i}\r\nContent-Type: multipart/mixed; boundary=n{i + 1}\r\n\r\n" for i in range(levels)))
    ids = " ".join(f"<n{i}@extranjero.test>" for i in range(3000))
    folded = "\r\n ".join(ids.split(" "))
    return [(name, mail, "", [a.address], fate) for name, mail, fate in [
        ("nested as deep as Postfix takes it", deep(90), "taken"),
        ("nested 400 deep", deep(400), "refused"),
        ("five thousand recipients", a.report([group(f"v{i}@ciudadano.test") for i in range(5000)] + [group()]), "taken"),
        ("fifty thousand empty parts", a.report()[:-7] + "--b\r\n\r\n" * 50000 + "--b--\r\n", "taken"),
        ("three thousand references", plain(From=STRANGER, To=a.address, References=folded + "\r\n " + a.message_id), "taken"),
        ("recipient of a hundred kilobytes", a.report([group("a" * 100000 + "@ciudadano.test"), group()]), "taken"),
        ("report without an end", a.report()[:-30], "taken"),
        ("report of nothing", a.report(["\r\n"]), "taken"),
        ("three megabytes of text", a.report() + "x" * 75 + ("\r\n" + "x" * 75) * 40000, "taken"),
    ]] + [("over the size limit", a.report(), "", [a.address], "refused", ["SIZE=900000000"])]


def by_sendmail(a):
    return [(name, mail, sender, to, "gone") for name, mail, sender, to in [
        ("report of the null sender", a.report(), "<>", [a.address]),
        ("report of MAILER-DAEMON", a.report(), f"MAILER-DAEMON@{servers.HOST}", [a.address]),
        ("receipt in the citizen's name", PASS + "\r\n" + a.receipt(), CITIZEN, [a.address]),
        ("answer in the citizen's name", PASS + "\r\n" + a.answer(), CITIZEN, [a.address]),
    ]] + [("our ENVID, and reports wished for", plain(From=f"root@{DOMAIN}"), a.address,
           ["-V", a.token, "-N", "success", OFFICE_ADDRESS], "gone")]


def made_by_our_postfix(a):
    """FACTS 5: our Postfix is to write the report."""
    rows = []
    for sender in (a.address, STRANGER):
        for options in ([f"ENVID={a.token}", "RET=HDRS"], []):
            rcpt = ["NOTIFY=SUCCESS,FAILURE", f"ORCPT=rfc822;{CITIZEN}"]
            rows.append((f"report wished for, sender {sender.partition('+')[0]}, {len(options)} options",
                         plain(From=STRANGER), sender, [OFFICE_ADDRESS], "refused", options, rcpt))
    return rows


class Forgeries(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.a, cls.b = Known(960), Known(961)
        cls.number = 0

    def counting(self):
        return [[(one["event"], one["recipient"], one["time"]) for one in events_of(known.message_id) if one["counts"]]
                for known in (self.a, self.b)]

    def hand_in(self, way, mail, sender, to, options=(), rcpt_options=()):
        """(code, text) of the dialogue."""
        Forgeries.number += 1
        own = f"<forgery-{os.getpid()}-{Forgeries.number}@extranjero.test>"
        raw = f"Message-ID: {own}\r\n".encode() + (mail if isinstance(mail, bytes) else mail.encode())
        if way == WAY_SENDMAIL:
            done = subprocess.run(["sendmail", "-C", self.places.path("postfix", "etc"), "-i", "-f", sender, *to],
                                  input=raw.replace(b"\r\n", b"\n"), capture_output=True, check=False)
            return own, 250 if done.returncode == 0 else 550, done.stderr.decode()
        if way == WAY_SUBMIT:
            code, text = reply_of(lambda: submit(raw, sender=OFFICE_ADDRESS, to=to))
            return own, code, text
        code, text = reply_of(lambda: mails.from_outside(
            self.places, raw, sender, to, options=options, rcpt_options=rcpt_options,
            port="citizen" if way == WAY_CITIZEN else "inbound"))
        return own, code, text

    def events(self):
        return api("GET", "/v1/events?limit=1000")[1]["items"]

    def seen(self):
        """Message-IDs of what was kept as an event, or is in the office's mailbox."""
        found = {one["report"].get("message_id") for one in self.events()}
        for path in glob.glob(self.places.path("mail", OFFICE, "Maildir", "*", "*")):
            with open(path, "rb") as file:
                found.update(re.findall(rb"forgery-\d+-\d+@extranjero\.test", file.read(20000)))
        return {one.decode() if isinstance(one, bytes) else str(one).strip("<>") for one in found}

    def rows(self):
        a, b = self.a, self.b
        rows = [(WAY_OUTSIDE, *row) for row in reports_from_outside(a, b) + tokens(a, b) + identities(a) + spoilt(a)
                + made_by_our_postfix(a)]
        rows += [(WAY_CITIZEN, *row) for row in from_the_citizens_server(a, b)]
        rows += [(WAY_SENDMAIL, *row) for row in by_sendmail(a)]
        rows += [(WAY_SUBMIT, "employee's report", a.report(From=OFFICE_ADDRESS), OFFICE_ADDRESS, [a.address], "refused")]
        return rows

    def test_none_becomes_proof(self):
        before, waiting = self.counting(), {}
        rows = self.rows()
        self.assertGreaterEqual(len(rows), 60)
        for way, name, mail, sender, to, fate, *more in rows:
            with self.subTest(way=way, name=name):
                own, code, text = self.hand_in(way, mail, sender, to, *more)
                if fate == "refused":
                    self.assertGreaterEqual(code, 500, text)
                    continue
                self.assertEqual(code, 250, text)
                if fate == "taken":
                    waiting[own.strip("<>")] = f"{way}: {name}"
        self.assertGreaterEqual(len(waiting), 40)
        with contextlib.suppress(Failure):
            wait(lambda: not set(waiting) - self.seen(), "", 60)
        self.assertEqual([waiting[one] for one in set(waiting) - self.seen()], [], "neither kept nor delivered")
        self.wait_for_the_queues()
        self.assertEqual([waiting.get(str(one["report"].get("message_id"))) for one in self.events() if one["counts"]
                          and str(one["report"].get("message_id")) in waiting], [], "counts")
        self.assertEqual(self.counting(), before)
        for known in (self.a, self.b):
            self.assertEqual(sends(known.message_id)[0]["deliveries"][0]["state"], "relayed")
        self.true_answer_counts()

    def wait_for_the_queues(self):
        """Nothing on its way: what is forged may come late."""
        def active():
            said = [processes.run(["postqueue", "-c", self.places.path(name, "etc"), "-j"], "postqueue")
                    for name in ("postfix", "citizen")]
            return [line for line in "".join(said).splitlines() if json.loads(line)["queue_name"] in ("active", "incoming", "maildrop")]
        wait(lambda: not active(), "the queues do not empty", 60)

    def true_answer_counts(self):
        """The same way with nothing forged, and then the same bytes again for another send."""
        own, code, text = self.hand_in(WAY_CITIZEN, self.a.answer(), CITIZEN, [self.a.address])
        self.assertEqual(code, 250, text)
        wait(lambda: sends(self.a.message_id)[0]["deliveries"][0]["state"] == "acknowledged", "a true answer does not count")

        def copy():
            for path in glob.glob(self.places.path("mail", OFFICE, "Maildir", "*", "*")):
                with open(path, "rb") as file:
                    raw = file.read()
                if own.encode() in raw:
                    return raw[raw.index(b"DKIM-Signature:"):].replace(b"\n", b"\r\n")
            return None
        raw = wait(copy, "the answer did not reach the notifier")
        mails.from_outside(self.places, raw, CITIZEN, [self.b.address])
        wait(lambda: len([one for one in self.events() if one["report"].get("message_id") == own.strip("<>")]) == 2,
             "the replayed answer is not kept")
        self.assertEqual(sends(self.b.message_id)[0]["deliveries"][0]["state"], "relayed")

    def test_a_dialogue_without_an_end(self):
        """Mail that is never ended, on several connections: others go on meanwhile."""
        held = []
        try:
            for _ in range(5):
                one = socket.create_connection(("127.0.0.1", self.places.port("inbound")), timeout=30)
                held.append(one)
                one.recv(1000)
                for line in (b"EHLO mx.extranjero.test", b"MAIL FROM:<>", f"RCPT TO:<{self.a.address}>".encode(), b"DATA"):
                    one.sendall(line + b"\r\n")
                    one.recv(4000)
                one.sendall(self.a.report().encode()[:-20] + b"--b\r\n" * 20000)
            mail = mails.make_plain("Consulta", CITIZEN, OFFICE_ADDRESS)
            self.assertEqual(mails.from_outside(self.places, mail, CITIZEN, [OFFICE_ADDRESS])[0], 250)
        finally:
            for one in held:
                one.close()

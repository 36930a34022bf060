"""
Live sends: what real programs make, submitted to the real Postfix with its TLS and login, judged at the citizen's mailbox. Part of
them go to a server that does not offer 8BITMIME.
"""
import email.policy
import os
import shutil
import smtplib
import subprocess

import compare
import judge
import messages
import reader
import signed
import verifiers
from harness import CITIZEN, EXPEDIENTE, OFFICE_ADDRESS, WAIT_S, mails, processes

LONG = "Línea larga. " * 90
TEXT = f"Señor ciudadano:\n\nSe le notifica la resolución adjunta; plazo de quince días hábiles.\n{LONG}\n.\nFrom aquí.\n"
HTML = "<html><body><p>Señor ciudadano:</p><p>Se le notifica la <b>resolución</b>.</p></body></html>\n"


class Client:
    """One mail program: its files and where it sends."""

    def __init__(self, post, folder):
        self.places, self.person, self.folder = post.places, post.person, folder
        self.port = self.places.port("submission")
        self.pdf = self.write("carta.pdf", mails.make_pdf())
        self.text, self.html = self.write("carta.txt", TEXT.encode()), self.write("carta.html", HTML.encode())

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o600)
        return path

    def run(self, *argv, text=None, **more):
        env = dict(os.environ, HOME=self.folder, LC_ALL="C.UTF-8", **more)
        done = subprocess.run(argv, input=text, capture_output=True, check=False, timeout=60, env=env)
        compare.need(done.returncode == 0, f"{argv[0]}: {(done.stdout + done.stderr).decode(errors='replace')[-400:]}")

    def swaks(self, subject, _number):
        self.run("swaks", "--server", f"127.0.0.1:{self.port}", "-tls", "--auth", "PLAIN", "--auth-user", self.person.uid,
                 "--from", OFFICE_ADDRESS, "--to", CITIZEN, "--header", f"Subject: {subject}", "--body", "@" + self.text,
                 "--attach-type", "application/pdf", "--attach", "@" + self.pdf, SWAKS_OPT_auth_password=self.person.password)

    def snail(self, subject, _number):
        rc = self.write("snailrc", f"""set v15-compat sendwait nosave smtp-use-starttls mta=submission://localhost:{self.port}
set smtp-auth=plain user={self.person.uid} password={self.person.password} tls-ca-file={self.places.ca}
set from={OFFICE_ADDRESS} sendcharsets=utf-8 ttycharset=utf-8
""".encode())
        self.run("s-nail", "-n", "-a", self.pdf, "-s", subject, CITIZEN, text=TEXT.encode(), MAILRC=rc)

    def mutt(self, subject, number):
        rc = self.write("muttrc", f"""set from="{OFFICE_ADDRESS}" realname="Secretaría General"
set use_envelope_from=yes envelope_from_address="{OFFICE_ADDRESS}"
set smtp_url="smtp://{self.person.uid}@127.0.0.1:{self.port}/" smtp_pass="{self.person.password}"
set smtp_authenticators="plain"
set ssl_starttls=yes ssl_force_tls=yes ssl_ca_certificates_file="{self.places.ca}" copy=no charset=utf-8 ssl_verify_host=no
set certificate_file="{self.places.ca}" tmpdir="{self.folder}" text_flowed={"yes" if number % 2 else "no"}
""".encode())
        self.run("mutt", "-n", "-F", rc, "-s", subject, "-a", self.pdf, "--", CITIZEN, text=TEXT.encode())

    def msmtp(self, subject, number):
        rc = self.write("msmtprc", f"""account default
host 127.0.0.1
port {self.port}
from {OFFICE_ADDRESS}
auth plain
user {self.person.uid}
password {self.person.password}
tls on
tls_starttls on
tls_trust_file {self.places.ca}
""".encode())
        plain = (f"From: {OFFICE_ADDRESS}\nTo: {CITIZEN}\nSubject: {subject}\nMessage-ID: <msmtp.{number}@muni.test>\nMIME-Version: 1.0\n"
                 f"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n").encode()
        self.run("msmtp", "-C", rc, CITIZEN, text=plain + TEXT.encode("iso-8859-1"))

    def smtplib(self, subject, _number):
        mail = mails.make_notification(subject)
        mails.submit(self.places, self.person.uid, self.person.password, mail)

    def smtplib_8bit(self, subject, _number):
        mail = mails.make_notification(subject)
        for part in mail.walk():
            if part.get_content_maintype() == "text":
                part.set_content(HTML if part.get_content_subtype() == "html" else TEXT.replace(LONG, ""),
                                 subtype=part.get_content_subtype(), cte="8bit")
        mails.submit(self.places, self.person.uid, self.person.password,
                     mail.as_bytes(policy=email.policy.SMTP.clone(cte_type="8bit")), OFFICE_ADDRESS, [CITIZEN], ["BODY=8BITMIME"])


    def smtplib_letters(self, subject, number):
        """Letters as they are in the header, as careless programs have them; SMTPUTF8 would bind the mail to servers that offer it."""
        mail = (f"From: Secretaría General <{OFFICE_ADDRESS}>\r\nTo: Señor ciudadano <{CITIZEN}>\r\nSubject: {subject}\r\n"
                f"Comments: según lo resuelto\r\nMessage-ID: <letters.{number}@muni.test>\r\nMIME-Version: 1.0\r\n"
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + TEXT.replace("\n", "\r\n"))
        mails.submit(self.places, self.person.uid, self.person.password, mail.encode(), OFFICE_ADDRESS, [CITIZEN])
        try:
            mails.submit(self.places, self.person.uid, self.person.password, mail.encode(), OFFICE_ADDRESS, [CITIZEN], ["SMTPUTF8"])
        except smtplib.SMTPNotSupportedError:
            return
        raise compare.Wrong("SMTPUTF8 is offered")


PROGRAMS = {"swaks": Client.swaks, "s-nail": Client.snail, "mutt": Client.mutt, "msmtp": Client.msmtp,
            "smtplib": Client.smtplib, "smtplib 8BITMIME": Client.smtplib_8bit,
            "smtplib letters": Client.smtplib_letters}
WITHOUT_PDF = ("msmtp", "smtplib letters")


def arrived(post, subject):
    """The files of the citizen's mailbox with that subject."""
    folder = os.path.join(post.places.citizen_mail, "new")
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            if subject.encode() in file.read().partition(b"\n\n")[0]:
                found.append(path)
    return found


def judge_arrived(post, path, program, name):
    with open(path, "rb") as file:
        raw = file.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    message = messages.Message.parse(raw)
    send_id, = message.values(b"Acuse-Id")
    recorded = messages.Message.parse(post.api.message(send_id.decode().strip()))
    compare.need(message.body == recorded.body, "the body that arrived is not the recorded one")
    for field in recorded.fields:
        compare.need(field in message.fields, f"a recorded field did not arrive: {field}")
    result = reader.read(signed.check_form(message))
    leaves = [part for part in result.walk() if not part.is_multipart()]
    text = " ".join(reader.text(part) or "" for part in leaves if reader.is_body_text(part))
    compare.need("Se le notifica la" in text and "resolución" in text, "the text is not readable")
    for part in leaves:
        if reader.is_body_text(part):
            seen = reader.visible(reader.text(part))[0] if part.get_content_subtype() == "html" else reader.text(part)
            block = post.blocks["signature"]
            compare.need(block.ends(seen), "the block is not at the end")
            compare.need(compare.squeeze(seen).count(block.seen) == 1, "the block is there twice")
    pdfs = [reader.decoded(part) for part in leaves if reader.file_name(part) == "carta.pdf" or
            part.get_content_type() == "application/pdf"]
    compare.need(pdfs == ([] if program in WITHOUT_PDF else [mails.make_pdf()]), "the PDF is not what was attached")
    post.verifiers.openssl(message, name)
    post.verifiers.gpgsm(message, name)
    return message


def run(post, counts, folder):
    client, kept = Client(post, folder), []
    for server in ("with 8BITMIME", "without 8BITMIME"):
        if server.startswith("without"):
            discard_8bitmime(post.places)
        for at, (program, send) in enumerate(PROGRAMS.items()):
            word = program.split()[0]
            if word != "smtplib" and shutil.which(word) is None:
                counts.skipped(f"live: {program} is not installed")
                continue
            number = 500 + at + 100 * server.startswith("without")
            subject = f"CARTA {number}-2026-SG/MUNI. Exp. {EXPEDIENTE}"
            try:
                send(client, subject, number)
                path = processes.wait_until(lambda: arrived(post, subject), WAIT_S, "nothing arrived")[0]
                kept.append((f"{word}-{number}", judge_arrived(post, path, program, str(number))))
                counts.passed(f"live: {program} to a server {server}")
            except (compare.Wrong, OSError, smtplib.SMTPException, ValueError, judge.Wrong,
                    processes.Failure, subprocess.SubprocessError) as error:
                counts.failed(f"live: {program} to a server {server}: {type(error).__name__} {error}")
    verify_all(post, counts, folder, kept)


def discard_8bitmime(places):
    """From now on the citizen's server offers neither 8BITMIME nor SMTPUTF8."""
    etc = places.path("citizen", "etc")
    for argv in (["postconf", "-c", etc, "-e", "smtpd_discard_ehlo_keywords=8bitmime,smtputf8,dsn"], ["postfix", "-c", etc, "reload"]):
        processes.run(argv, "the citizen's server cannot be changed")


def verify_all(post, counts, folder, kept):
    missing = verifiers.missing()
    if not os.path.isfile(verifiers.script()):
        counts.skipped(f"live: {verifiers.script()} is not there")
        return
    if missing:
        counts.skipped(f"live: verifiers that are not installed: {' '.join(missing)}")
    if not kept:
        counts.failed("live: no signed mail arrived to verify")
    for name, message in kept[-2:]:
        path = os.path.join(folder, name + ".eml")
        with open(path, "wb") as file:
            file.write(message.bytes())
        good, said, well = verifiers.ask(path, post.places.ca)
        if well:
            counts.passed(f"live: {name}: good for {' '.join(good)}")
        else:
            counts.failed(f"live: {name}: {said}")


__all__ = ["run"]

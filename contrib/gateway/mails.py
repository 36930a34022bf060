"""Mails of the demonstration and of the tests, and the ways to send, receive and look at them."""
import contextlib
import email
import email.policy
import email.utils
import os
import smtplib
import ssl
import subprocess
from email.message import EmailMessage

from places import CITIZEN, CITIZEN_DOMAIN, OFFICE_ADDRESS


def make_pdf(text="Carta de la Secretaria General"):
    """A small PDF: what an office attaches. Its bytes have to arrive as they are."""
    content = b"BT /F1 18 Tf 72 760 Td (%s) Tj ET" % text.encode("ascii")
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>",
               b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
               b"/Resources << /Font << /F1 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    body, offsets = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, one in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return body + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, start)


def make_notification(subject, sender=OFFICE_ADDRESS, to=CITIZEN, name="Secretaría General"):
    """A notification with an HTML alternative and a PDF, as a mail client writes it."""
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = email.utils.formataddr((name, sender))
    mail["To"] = to
    if subject is not None:
        mail["Subject"] = subject
    mail["Date"] = email.utils.localtime()
    mail["Message-ID"] = email.utils.make_msgid(domain=sender.rpartition("@")[2])
    mail.set_content("Estimado ciudadano:\n\nSe le notifica la resolución adjunta.\n")
    mail.add_alternative("<!DOCTYPE html><html><body><p>Estimado ciudadano:</p>"
                         "<p>Se le notifica la <b>resolución</b> adjunta.</p></body></html>\n",
                         subtype="html")
    mail.add_attachment(make_pdf(), maintype="application", subtype="pdf", filename="carta-123.pdf")
    return mail


def make_plain(subject, sender, to, text="Buenos días.\n"):
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = sender
    mail["To"] = to
    if subject is not None:
        mail["Subject"] = subject
    mail["Date"] = email.utils.localtime()
    mail["Message-ID"] = email.utils.make_msgid(domain=sender.rpartition("@")[2])
    mail.set_content(text)
    return mail


def submit(places, user, password, mail, sender=None, to=None, options=()):
    """Sends as a mail client does. Returns the server's last reply; smtplib's errors pass through."""
    context = ssl.create_default_context(cafile=places.ca)
    with smtplib.SMTP("127.0.0.1", places.port("submission"), timeout=60) as client:
        client.starttls(context=context)
        client.login(user, password)
        return hand_over(client, mail, sender or address_of(mail["From"]),
                         to or [address_of(mail["To"])], options)


def address_of(field):
    return email.utils.parseaddr(str(field))[1]


def hand_over(client, mail, sender, to, options=()):
    """MAIL, RCPT, DATA; returns (code, text) of the end of DATA or raises what smtplib raises."""
    client.ehlo_or_helo_if_needed()
    code, text = client.mail(sender, list(options))
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, text, sender)
    for one in to:
        code, text = client.rcpt(one)
        if code not in (250, 251):
            # As clients do, so that the next mail may go over the same connection.
            with contextlib.suppress(smtplib.SMTPServerDisconnected):
                client.rset()
            raise smtplib.SMTPRecipientsRefused({one: (code, text)})
    code, text = client.data(mail if isinstance(mail, bytes) else mail.as_bytes())
    if code != 250:
        raise smtplib.SMTPDataError(code, text)
    return code, text.decode()


def from_outside(places, mail, sender, to, options=(), port="inbound", rcpt_options=()):
    """Mail as another server hands it over."""
    with smtplib.SMTP("127.0.0.1", places.port(port), timeout=60,
                      local_hostname=f"mx.{CITIZEN_DOMAIN}") as client:
        client.ehlo()
        code, text = client.mail(sender, list(options))
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, text, sender)
        for one in to:
            code, text = client.rcpt(one, list(rcpt_options))
            if code not in (250, 251):
                raise smtplib.SMTPRecipientsRefused({one: (code, text)})
        code, text = client.data(mail if isinstance(mail, bytes) else mail.as_bytes())
        if code != 250:
            raise smtplib.SMTPDataError(code, text)
        return code, text.decode()


def received(places, message_id):
    """Files of the citizen's mailbox that hold this message."""
    folder = os.path.join(places.citizen_mail, "new")
    found = []
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        with open(path, "rb") as file:
            if email.message_from_binary_file(file)["Message-ID"] == message_id:
                found.append(path)
    return found


def parse(path):
    with open(path, "rb") as file:
        return email.message_from_binary_file(file, policy=email.policy.default)


def make_answer(original, text="Recibido, gracias.\n"):
    """What a citizen's client writes on "Reply"."""
    answer = EmailMessage(policy=email.policy.SMTP)
    answer["From"] = CITIZEN
    answer["To"] = str(original["Reply-To"] or original["From"])
    answer["Subject"] = "Re: " + str(original["Subject"])
    answer["Date"] = email.utils.localtime()
    answer["Message-ID"] = email.utils.make_msgid(domain=CITIZEN_DOMAIN)
    answer["In-Reply-To"] = str(original["Message-ID"])
    answer["References"] = str(original["Message-ID"])
    answer.set_content(text)
    return answer


def verify_signature(places, path, content_path, sender):
    """`openssl cms -verify` as any recipient may run it. Returns what it said; raises on a bad signature."""
    with open(path, "rb") as file:
        raw = file.read()
    # Maildir lines end in LF; the signature is over CRLF, as the mail travelled.
    canonical = places.path("work", "received.eml")
    with open(canonical, "wb") as file:
        file.write(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    signer = places.path("work", "signer.pem")
    done = subprocess.run(["openssl", "cms", "-verify", "-in", canonical, "-inform", "SMIME", "-CAfile",
                           places.ca, "-purpose", "smimesign", "-signer", signer, "-out", content_path],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    holder = subprocess.run(["openssl", "x509", "-in", signer, "-noout", "-email"],
                            capture_output=True, text=True, check=True).stdout.split()
    if sender not in holder:
        raise ValueError(f"the certificate is of {holder}, not of {sender}")
    return done.stderr.strip()

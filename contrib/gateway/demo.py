"""The mission, step by step: an account from FORM-01, a notification, its proof, the cessation."""
import email
import imaplib
import json
import os
import smtplib
import ssl
import time
import urllib.error
import urllib.request

import mails
import processes
from places import (CITIZEN, EXPEDIENTE, OFFICE, OFFICE_ADDRESS, OFFICE_TOKEN, Failure)

DNI = "41234567"
FORM_01 = {
    "kind": "person", "action": "create", "given_names": "Rosa", "paternal_surname": "Morales",
    "maternal_surname": "Aranda", "dni": DNI, "phone": "999888777", "post": "Secretaria General",
    "unit": "Secretaría General", "document": "Memorando 045-2026-RRHH", "reason": "joining",
    "tramite": "2026-000871",
}
NEW_PASSWORD = "Lima-2026.segura"
SUBJECT = f"CARTA 123-2026-SG/MUNI. Exp. {EXPEDIENTE}"


class Person:
    def __init__(self, uid, password):
        self.uid, self.password = uid, password


def acusectl(places, *words, input_text=None, parse=True):
    """acusectl as an operator runs it. A Failure carries what it said."""
    env = dict(os.environ, ACUSE_API=places.api, LC_ALL="C.UTF-8")
    env.pop("SUDO_USER", None)
    argv = [places.path("bin", "acusectl")] + (["--json"] if parse else []) + list(words)
    said = processes.run(argv, " ".join(["acusectl", *words[:2]]), input_text=input_text, env=env,
                         log=places.log("provision"))
    return json.loads(said) if parse else said


def change_password(places, uid, old, new):
    """What the page in Spanish does for the owner, over TLS. Returns the HTTP status."""
    body = json.dumps({"uid": uid, "old_password": old, "new_password": new}).encode()
    request = urllib.request.Request(f"https://127.0.0.1:{places.port('https')}/v1/self/password",
                                     data=body, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30, context=tls(places)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def tls(places):
    return ssl.create_default_context(cafile=places.ca)


def smtp_login(places, user, password):
    """True when the submission service lets the user in."""
    with smtplib.SMTP("127.0.0.1", places.port("submission"), timeout=30) as client:
        client.starttls(context=tls(places))
        try:
            client.login(user, password)
        except smtplib.SMTPAuthenticationError:
            return False
    return True


def file_form(places, form):
    """FORM-01 as the tramite brings it: with the scan of the paper that the head signed."""
    scan = places.write("%PDF-1.4\n% FORM-01, firmado por el jefe de la unidad\n", "work", "form01.pdf")
    return acusectl(places, "request", "file", "-", "--scan", scan, input_text=json.dumps(form))


def create_account(places, form):
    """FORM-01 filed, approved, delivered. Returns the uid and the first password."""
    filed = file_form(places, form)
    approved = acusectl(places, "request", "approve", filed["id"])
    delivered = acusectl(places, "request", "deliver", filed["id"])
    if delivered["uid"] != approved["uid"]:
        raise Failure(f"approved {approved['uid']} but delivered {delivered['uid']}")
    return delivered["uid"], delivered["password"]


def prepare(places, say):
    """Rosa's account and the office, ready to notify."""
    filed = file_form(places, FORM_01)
    say(f"Filed FORM-01 for Rosa Morales Aranda: {filed['id']}, {filed['state']}")
    approved = acusectl(places, "request", "approve", filed["id"])
    say(f"Approved it: the account is {approved['uid']}")
    if approved["uid"] != "rmoralesa":
        raise Failure(f"the naming rule gives rmoralesa, not {approved['uid']}")
    delivered = acusectl(places, "request", "deliver", filed["id"])
    person = Person(delivered["uid"], NEW_PASSWORD)
    if smtp_login(places, person.uid, delivered["password"]):
        raise Failure("the first password opens the mail before it is changed")
    status = change_password(places, person.uid, delivered["password"], person.password)
    if status != 200:
        raise Failure(f"changing the first password was answered with {status}\n"
                      + processes.tail(places.log("provision")))
    say("Rosa changed her first password at the page over TLS; before that it opened nothing")
    acusectl(places, "office", "create", OFFICE, "--name", "Secretaría General", "--responsible",
             person.uid, "--document", "Resolución 012-2026-A")
    say(f"Made the office mailbox {OFFICE_ADDRESS}, Rosa responsible")
    acusectl(places, "notifier", "authorise", OFFICE_ADDRESS, "--area", "Secretaría General", "--level",
             "Jefe de Secretaría General", "--document", "Directiva 001-2020, Anexo 3")
    say("Put it on the list of mailboxes that may notify")
    enrol_token(places)
    say(f"Secretaría General asked for a signature, a memorandum authorised it: enrolled the token {OFFICE_TOKEN}; its "
        "holder typed the PIN, and it is active")
    acusectl(places, "expediente", "register", EXPEDIENTE, "--subject", "Licencia de funcionamiento")
    acusectl(places, "expediente", "authorise", EXPEDIENTE, CITIZEN, "--document", "Solicitud f. 3", "--date", "2026-01-05",
             "--holder", "Juan Quispe Mamani")
    say(f"Registered expediente {EXPEDIENTE}, with the citizen's authorisation for {CITIZEN}")
    processes.wait_until(lambda: smtp_login(places, person.uid, person.password), 60,
                         "Rosa cannot log in", places.log("dovecot"))
    return person


def enrol_token(places, label=OFFICE_TOKEN, mailbox=OFFICE_ADDRESS):
    """From what the unit asks for to a token that signs (Directiva 001-2020, art. 7)."""
    acusectl(places, "token", "request", label, "--mailbox", mailbox, "--unit", "Secretaría General", "--reasons",
             "Notificar resoluciones", "--document", "Informe 010-2026-SG")
    for verb, document in (("evaluate", "Informe 003-2026-OTIC"), ("authorise", "Memorando 020-2026-GM"),
                           ("enrol", "Acta 003-2026-OTIC")):
        acusectl(places, "token", verb, label, "--document", document)
    unlock_token(places, label)
    acusectl(places, "token", "activate", label, "--document", "Cargo 005-2026-OTIC")


def unlock_token(places, label=OFFICE_TOKEN):
    acusectl(places, "token", "unlock", label, "--unlock-socket",
             places.path("run", "signer", "unlock.sock"), input_text=places.state["pins"][label] + "\n",
             parse=False)


def notify(places, person, mail):
    """Submits as the office; Failure with the server's answer."""
    try:
        return mails.submit(places, person.uid, person.password, mail)
    except smtplib.SMTPException as error:
        raise Failure(f"the notification was refused: {error}\n"
                      + processes.tail(places.log("outgoing"))
                      + processes.tail(places.log("postfix"))) from error


def send_of(places, message_id):
    """The recorded send of a message, with its timeline; None when there is none."""
    found = acusectl(places, "send", "list", "--message-id", message_id.strip("<>"))["items"]
    if len(found) > 1:
        raise Failure(f"{len(found)} sends are recorded for one message")
    return acusectl(places, "send", "show", found[0]["id"]) if found else None


def wait_for_event(places, message_id, event, seconds=30):
    def look():
        send = send_of(places, message_id)
        return send if send and any(one["event"] == event for one in send["timeline"]) else None
    return processes.wait_until(look, seconds, f"no event {event} was recorded",
                                places.log("evidence"))


def show(places, person, say):
    mail = mails.make_notification(SUBJECT)
    message_id = str(mail["Message-ID"])
    reply = notify(places, person, mail)
    say(f"Sent as {OFFICE_ADDRESS} by SMTP, logged in as {person.uid}: {reply[0]} {reply[1]}")
    path = processes.wait_until(lambda: mails.received(places, message_id), 60,
                                "the citizen's server got nothing", places.log("postfix"))[0]
    content = places.path("work", "content.eml")
    try:
        said = mails.verify_signature(places, path, content, OFFICE_ADDRESS)
    except ValueError as error:
        raise Failure(f"the received signature does not verify: {error}") from error
    check_content(content, mail)
    say(f"The citizen's server received it signed; openssl cms: {said}")
    wait_for_event(places, message_id, "relayed")
    say("Postfix's report came back: relayed to the citizen's server")
    answer = mails.make_answer(mails.parse(path))
    mails.from_outside(places, answer, CITIZEN, [mails.address_of(answer["To"])], port="citizen")
    send = wait_for_answer(places, message_id)
    say("The citizen answered with an ordinary reply, and the answer is on record")
    show_timeline(send, say)
    prove(places, send, path, say)
    cease(places, person, say)


def wait_for_answer(places, message_id):
    """An answer is `acknowledged`; whether it counts depends on Authentication-Results (README)."""
    return wait_for_event(places, message_id, "acknowledged")


def check_content(path, mail):
    """The signed content: the block in text and HTML, the PDF as it was."""
    with open(path, "rb") as file:
        content = email.message_from_binary_file(file, policy=email.policy.default)
    for kind in ("plain", "html"):
        part = content.get_body(preferencelist=(kind,))
        if part is None or "Rosa Morales Aranda" not in part.get_content():
            raise Failure(f"the signature block is not in text/{kind}")
    sent = [part.get_content() for part in mail.iter_attachments()]
    got = [part.get_content() for part in content.walk()
           if part.get_content_type() == "application/pdf"]
    if sent != got:
        raise Failure("the PDF is not the one that was sent")


def show_timeline(send, say):
    say(f"Send {send['id']}: {send['state']}")
    for one in send["timeline"]:
        counts = "" if one.get("counts", True) else f" (does not count: {one.get('reason')})"
        say(f"  {one['time']}  {one['event']:<13} {one.get('recipient') or ''}{counts}")
    for one in send["deliveries"]:
        say(f"  now: {one['address']} {one['state']}")


def prove(places, send, received, say):
    bundle = places.path("work", f"{send['id']}.asice")
    acusectl(places, "proof", "export", send["id"], "-o", bundle, parse=False)
    said = acusectl(places, "proof", "verify", bundle, "--trust", places.ca, "--received", received,
                    parse=False)
    say(f"Proof bundle {bundle} ({os.path.getsize(bundle)} bytes); acusectl proof verify: "
        + said.strip().splitlines()[-1])
    head = acusectl(places, "ledger", "verify", "--trust", places.ca, parse=False)
    say("Ledger: " + head.strip().splitlines()[-1])


def cease(places, person, say):
    with smtplib.SMTP("127.0.0.1", places.port("submission"), timeout=30) as client:
        client.starttls(context=tls(places))
        client.login(person.uid, person.password)
        acusectl(places, "person", "cease", DNI, "--document", "Memorando 099-2026-RRHH")
        ceased = time.monotonic()
        refusal = refused_send(client)
        waited = time.monotonic() - ceased
    if smtp_login(places, person.uid, person.password):
        raise Failure("a ceased person can still log in to send")
    try:
        with imaplib.IMAP4_SSL("127.0.0.1", places.port("imaps"), ssl_context=tls(places)) as client:
            client.login(person.uid, person.password)
        raise Failure("a ceased person can still read mail")
    except imaplib.IMAP4.error:
        pass
    say(f"Ceased Rosa: logins are refused, and an open session was refused its mail after "
        f"{waited:.1f} s: {refusal}")


def refused_send(client):
    """Sends within the session opened before; the refusal, within one second."""
    end = time.monotonic() + 1
    while True:
        try:
            mails.hand_over(client, mails.make_notification(SUBJECT), OFFICE_ADDRESS, [CITIZEN])
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            return f"{error.smtp_code} {error.smtp_error.decode(errors='replace')}"
        except smtplib.SMTPRecipientsRefused as error:
            code, text = error.recipients[CITIZEN]
            return f"{code} {text.decode(errors='replace')}"
        if time.monotonic() > end:
            raise Failure("a ceased person could still send")

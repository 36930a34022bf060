"""Two holders, 200 mails each at once, on one token that takes 600 ms for a signature, with on_failure = hold (S6)."""
import concurrent.futures
import contextlib
import os
import re
import smtplib
import sys
import time

from gateway import TOP, Failure
from table import number, show

sys.path.insert(0, os.path.join(TOP, "tests", "e2e"))

import harness  # noqa: E402
import test_hold  # noqa: E402
from harness import DOMAIN, OFFICE_ADDRESS, Gateway, demo, mails  # noqa: E402

MAILS = int(os.environ.get("BENCH_HELD", "200"))
SIGN_MS = 600
# Postfix lets one client have 50 (smtpd_client_connection_count_limit).
CONNECTIONS = 40
MAX_WAIT_S = 20
OTHER = f"recepcion@{DOMAIN}"
HOLDERS = (OFFICE_ADDRESS, OTHER)


def send(mail, sender):
    """(code, seconds from MAIL to the reply behind the message)"""
    places, person = Gateway.places, Gateway.person
    with smtplib.SMTP("127.0.0.1", places.port("submission"), timeout=300) as client:
        client.starttls(context=demo.tls(places))
        client.login(person.uid, person.password)
        begun = time.monotonic()
        code, _text = harness.reply_of(lambda: mails.hand_over(client, mail, sender, [harness.CITIZEN]))
        return code, time.monotonic() - begun


def arrived(wanted):
    """{Message-ID: how often a signed mail with it came}"""
    folder, found = os.path.join(Gateway.places.citizen_mail, "new"), {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            text = file.read()
        message_id = re.search(rb"^Message-ID:\s*(\S+)", text, re.M | re.I)
        if message_id and message_id[1].decode() in wanted:
            if b"multipart/signed" not in text:
                raise Failure(f"{message_id[1].decode()} came without signature")
            found[message_id[1].decode()] = found.get(message_id[1].decode(), 0) + 1
    return found


def prepare(case):
    """A second holder with a key on the same token, and one mail of each that went through."""
    act = ("--document", "Memo 8")
    demo.acusectl(Gateway.places, "office", "create", "recepcion", "--name", "Recepcion", "--responsible", Gateway.person.uid, *act)
    demo.acusectl(Gateway.places, "notifier", "authorise", OTHER, "--area", "Recepcion", "--level", "Jefe", *act)
    case.enrol(*HOLDERS)
    for at, sender in enumerate(HOLDERS):
        ready = harness.notification(990 + at, sender=sender)
        harness.wait(lambda ready=ready, sender=sender: harness.reply_of(lambda: harness.submit(ready, sender=sender))[0] == 250,
                     f"no mail of {sender} is taken")
        test_hold.await_state(str(ready["Message-ID"]), "released")


def run_all(posts):
    """What came of them: answers, seconds until each was there, and whose turn each signature was."""
    wanted = {str(mail["Message-ID"]) for mail, _ in posts}
    with open(Gateway.places.log("signer"), encoding="utf-8") as log:
        log.seek(0, os.SEEK_END)
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            answers = list(pool.map(lambda one: send(*one), posts))
        taken_s = time.monotonic() - begun
        held = sum(len(test_hold.sends(one)) == 1 and test_hold.state_of(one) == ["held"] for one in sorted(wanted)[::10])
        end = time.monotonic() + 3 * len(posts) * SIGN_MS / 1000 + 120
        while len(arrived(wanted)) < len(wanted) and time.monotonic() < end:
            time.sleep(2)
        all_s = time.monotonic() - begun
        turns = re.findall(r"what=signed .*mailbox=(\S+)", log.read())
    return answers, taken_s, held * 10, all_s, arrived(wanted), turns


def check(posts, answers, found, turns):
    """Reasons why it is not well."""
    bad = []
    codes = sorted({code for code, _ in answers})
    if codes != [250]:
        bad.append(f"answers {codes}")
    if max(seconds for _, seconds in answers) > MAX_WAIT_S:
        bad.append(f"a client waited over {MAX_WAIT_S} s")
    lost = len(posts) - len(found)
    doubled = sum(count > 1 for count in found.values())
    if lost or doubled:
        bad.append(f"{lost} lost, {doubled} came twice")
    share = min(map(turns[:MAILS].count, HOLDERS)) / max(1, len(turns[:MAILS]))
    if share < 0.25:
        bad.append(f"one holder had {share:.2f} of the first {MAILS} signatures")
    states = {state for mail, _ in posts[::20] for state in test_hold.state_of(str(mail["Message-ID"]))}
    if not states <= {"prepared", "released"}:
        bad.append(f"states {sorted(states)}")
    return bad, share


def main():
    test_hold.SIGN_MS = SIGN_MS
    case = test_hold.SlowToken("test_nothing_is_lost_and_both_have_their_turn")
    try:
        Gateway.start()
        with contextlib.ExitStack() as stack:
            stack.callback(case.doCleanups)
            stack.enter_context(case.slow_signer())
            prepare(case)
            posts = [(harness.notification(2000 + MAILS * at + each, sender=sender), sender)
                     for each in range(MAILS) for at, sender in enumerate(HOLDERS)]
            answers, taken_s, held, all_s, found, turns = run_all(posts)
            bad, share = check(posts, answers, found, turns)
    finally:
        Gateway.stop()
    waits = sorted(seconds for _, seconds in answers)
    show(f"hold: two holders, {MAILS} mails each at once, one token of {SIGN_MS} ms a signature", ["what", "figure"], [
        ["mails taken with 250", str(sum(code == 250 for code, _ in answers))],
        ["seconds until all were taken", number(taken_s)],
        ["longest wait of a client, from MAIL to the reply, s", number(waits[-1])],
        ["median wait, s", number(waits[len(waits) // 2])],
        ["held, when all were taken (one in ten asked)", str(held)],
        ["arrived, signed, once each", str(sum(count == 1 for count in found.values()))],
        ["seconds until all had arrived", number(all_s)],
        ["the token alone would take, s", number(len(posts) * SIGN_MS / 1000)],
        [f"part of the first {MAILS} signatures of whom had fewer", f"{share:.2f}"]],
        f"{CONNECTIONS} connections at a time (Postfix lets one client have 50); load average {number(os.getloadavg()[0])}.")
    if bad:
        raise Failure("; ".join(bad))


if __name__ == "__main__":
    main()

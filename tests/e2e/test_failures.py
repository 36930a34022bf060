"""Parts that are missing, full or killed: 4xx, nothing lost, and the retry goes through once."""
import shutil
import threading

from harness import *

DELAYS_S = (0, 0.005, 0.02, 0.05)


class Missing(Case):
    def assert_later(self, mail):
        code, text = reply_of(lambda: submit(mail))
        self.assertIn(code, (451, 452), text)
        self.assertEqual(mails.received(self.places, str(mail["Message-ID"])), [])

    def assert_retry_goes_once(self, mail):
        self.assertEqual(retry(mail)[0], 250)
        self.assert_sent_once(mail)

    def test_provisiond_down(self):
        mail = notification(500)
        incoming = mails.make_plain("Consulta", CITIZEN, OFFICE_ADDRESS)
        with down("provision"):
            self.assert_later(mail)
            # Mail that is no evidence flows on.
            mails.from_outside(self.places, incoming, CITIZEN, [OFFICE_ADDRESS])
        self.assert_retry_goes_once(mail)
        wait(lambda: [one for one in mailbox(OFFICE) if one["Message-ID"] == incoming["Message-ID"]],
             "ordinary mail did not flow")

    def test_provisiond_down_when_the_report_comes(self):
        """The report waits in the queue and is recorded later, once."""
        mail = notification(501)
        processes.run(["postconf", "-c", self.places.path("postfix", "etc"), "-e",
                       "defer_transports=smtp"], "postconf")
        processes.run(["postfix", "-c", self.places.path("postfix", "etc"), "reload"], "reload")
        try:
            self.assertEqual(reply_of(lambda: submit(mail))[0], 250)
        finally:
            processes.run(["postconf", "-c", self.places.path("postfix", "etc"), "-X",
                           "defer_transports"], "postconf")
        with down("provision"):
            processes.run(["postfix", "-c", self.places.path("postfix", "etc"), "reload"], "reload")
            wait(lambda: self.flushed_and_received(mail), "not received")
            time.sleep(2)
        wait(lambda: [one for one in events_of(str(mail["Message-ID"])) if one["event"] == "relayed"],
             "the report was lost", 60)
        time.sleep(2)
        found = [one for one in events_of(str(mail["Message-ID"])) if one["event"] == "relayed"]
        self.assertEqual(len(found), 1, found)
        self.assert_sent_once(mail)

    def flushed_and_received(self, mail):
        """A flush while the queue manager starts anew may be lost."""
        processes.run(["postqueue", "-c", self.places.path("postfix", "etc"), "-f"], "postqueue")
        return mails.received(self.places, str(mail["Message-ID"]))

    def test_token_locked(self):
        mail = notification(502)
        demo.acusectl(self.places, "token", "lock", OFFICE_TOKEN, "--document", "Memo 2")
        try:
            self.assert_later(mail)
        finally:
            self.unlock()
        self.assert_retry_goes_once(mail)

    def unlock(self):
        """A token that OTIC locked signs again once its PIN was typed."""
        demo.unlock_token(self.places)

    def test_the_it_office_is_told_of_a_token_that_stopped(self):
        """Its process dies: one mail, however often it is looked at; it signs again after the PIN."""
        uid = Gateway.person.uid
        with configured({"notices": {"otic": f"{uid}@{DOMAIN}"}}, "provision"):
            pid = self.places.state["processes"]["signer"][0]
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                for worker in file.read().split():
                    os.kill(int(worker), signal.SIGKILL)
            self.addCleanup(self.unlock_if_locked)
            told = lambda: [one for one in mailbox(uid) if f"{OFFICE_TOKEN} dejó de firmar" in str(one["Subject"])]
            wait(told, "nobody was told")
            time.sleep(5)
            self.assertEqual(len(told()), 1)
            self.assertIn("token-trouble", told()[0].get_content())
            # Locked until then, and said so.
            self.assertEqual(self.listed(), {"estado": "active", "desbloqueado": "no", "problema": "token-trouble"})
            self.unlock_if_locked()
            self.assertEqual(self.listed(), {"estado": "active", "desbloqueado": "si", "problema": ""})
            self.assert_retry_goes_once(notification(506))

    def listed(self):
        """What `acusectl token list` shows of the token, by the heads of its columns."""
        text = demo.acusectl(self.places, "token", "list", parse=False)
        head, *rows = text.splitlines()
        row = next(row for row in rows if row.startswith(OFFICE_TOKEN))
        places = [(one[0].strip(), one.start(), one.end()) for one in re.finditer(r"\S+ *", head)]
        return {name: row[start:end].strip() for name, start, end in places if name in ("estado", "desbloqueado", "problema")}

    def unlock_if_locked(self):
        if not all(one["unlocked"] for one in api("GET", "/v1/tokens")[1]["items"] if one["label"] == OFFICE_TOKEN):
            self.unlock()

    def test_token_absent(self):
        mail = notification(503)
        away = self.places.path("work", "tokens-away")
        processes.stop(self.places, "signer")
        os.rename(self.places.path("tokens"), away)
        self.places.folder("tokens", uid=UIDS["signer"], gid=UIDS["signer"], mode=0o700)
        try:
            daemons.start(self.places, "signer")
            self.assert_later(mail)
        finally:
            processes.stop(self.places, "signer")
            shutil.rmtree(self.places.path("tokens"))
            os.rename(away, self.places.path("tokens"))
            restart("signer")
        self.assert_retry_goes_once(mail)

    def test_signer_down(self):
        mail = notification(504)
        with down("signer"):
            self.assert_later(mail)
        self.assert_retry_goes_once(mail)

    def test_store_full(self):
        mail = notification(505)
        with setting("provision", "floor_mib=64", "floor_mib=1048576"):
            self.assert_later(mail)
        self.assert_retry_goes_once(mail)

    def test_hangup(self):
        """SIGHUP, by which other daemons read their settings again: each says that it does not, and goes on."""
        for name in ("outgoing", "evidence", "provision", "signer"):
            with self.subTest(daemon=name), open(self.places.log(name), encoding="utf-8") as log:
                log.seek(0, os.SEEK_END)
                processes.send_signal(self.places, name, signal.SIGHUP)
                said = []
                wait(lambda: said.append(log.read()) or "settings are read at start" in "".join(said), "it says nothing")
        mail = mails.make_plain("Tras SIGHUP", OFFICE_ADDRESS, CITIZEN)
        self.assertEqual(reply_of(lambda: submit(mail))[0], 250)
        self.assert_sent_once(mail)

    def test_milter_down(self):
        mail = notification(507)
        with down("outgoing"):
            code, text = reply_of(lambda: submit(mail))
            self.assertTrue(400 <= code < 500, (code, text))
        self.assert_retry_goes_once(mail)


class Killed(Case):
    """kill -9 in the middle of a send: no record without its bytes, no mail without its record."""

    def kill_during(self, name, delay_s, number):
        mail = notification(number)
        answers = []
        sender = threading.Thread(target=lambda: answers.append(reply_of(lambda: submit(mail))))
        with hold_data(name, delay_s, sender):
            pass
        restart(name)
        sender.join(timeout=90)
        self.assertTrue(answers, "the client was never answered")
        if answers[0][0] != 250:
            self.assertTrue(400 <= answers[0][0] < 500, answers)
            code, text = retry(mail, 90)
            self.assertEqual(code, 250, text)
        self.assert_sent_once(mail)
        for one in sends(str(mail["Message-ID"])):
            if one["message_sha256"] is not None:
                self.assert_has_bytes(one)

    def run_for(self, name, number):
        for at, delay_s in enumerate(DELAYS_S):
            with self.subTest(after_s=delay_s):
                self.kill_during(name, delay_s, number + at)
        demo.acusectl(self.places, "ledger", "verify", "--trust", self.places.ca, parse=False)

    def test_provisiond(self):
        self.run_for("provision", 600)

    def test_signer(self):
        self.run_for("signer", 610)

    def test_outgoing_milter(self):
        self.run_for("outgoing", 620)

    def test_evidence_milter(self):
        self.run_for("evidence", 630)

    def test_stopped_then_killed(self):
        """Surely in the middle: the process stands still while the client waits for its answer."""
        for at, name in enumerate(("provision", "signer", "outgoing")):
            with self.subTest(process=name):
                mail = notification(640 + at)
                answers = []
                sender = threading.Thread(
                    target=lambda: answers.append(reply_of(lambda: submit(mail))))
                processes.send_signal(self.places, name, signal.SIGSTOP)
                sender.start()
                time.sleep(2)
                daemons.kill(self.places, name)
                restart(name)
                sender.join(timeout=90)
                self.assertTrue(answers, "the client was never answered")
                if answers[0][0] != 250:
                    self.assertTrue(400 <= answers[0][0] < 500, answers)
                    self.assertEqual(retry(mail, 90)[0], 250)
                self.assert_sent_once(mail)


@contextlib.contextmanager
def hold_data(name, delay_s, sender):
    """Starts the sender and kills the process when the mail's first byte is in, plus a delay."""
    log = Gateway.places.log("postfix")
    start = os.path.getsize(log)
    sender.start()

    def begun():
        with open(log, "rb") as file:
            file.seek(start)
            return b"sasl_username=" in file.read()
    wait(begun, "the mail did not get as far as DATA")
    time.sleep(delay_s)
    daemons.kill(Gateway.places, name)
    yield


class Undecided(Case):
    """What the milter never learns (FACTS 7): what Postfix and the client made of its word."""

    def postconf(self, *words):
        etc = self.places.path("postfix", "etc")
        said = processes.run(["postconf", "-c", etc, *words], "postconf").strip()
        if "-e" in words:
            processes.run(["postfix", "-c", etc, "reload"], "Postfix does not reload")
        return said

    def test_postfix_refuses_what_the_milter_took(self):
        """With its signature it is over Postfix's limit: 552 behind the record. Nothing says that it was sent."""
        before = self.postconf("-h", "message_size_limit")
        self.addCleanup(self.postconf, "-e", f"message_size_limit={before}")
        with configured({"proof": {"release_timeout_s": "2"}}, "provision", settled=False):
            # Room for the fields of our own server, none for a signature.
            self.postconf("-e", f"message_size_limit={len(notification(691).as_bytes()) + 2500}")
            message_id = wait(self.too_big, "everything fits", 30)
            found = wait(lambda: [one for one in sends(message_id) if one["state"] == "not_released"], "it is not settled")
            for one in found:
                self.assertEqual([entry["event"] for entry in one["timeline"]][-1], "not_released")
                self.assertEqual(one["deliveries"][0]["state"], "pending")
            self.assertEqual(len(found), len(sends(message_id)))
        self.assertEqual(mails.received(self.places, message_id), [])

    def too_big(self):
        """A mail that was; the first ones may be taken by servers of before the reload."""
        mail = notification(691)
        code, text = retry(mail)
        self.assertIn(code, (250, 552), text)
        return str(mail["Message-ID"]) if code == 552 else None

    def test_a_client_that_gives_up(self):
        """It hangs up behind its last byte. Postfix delivers all the same, and the record says so; what it sends again goes out no more."""
        mail = notification(690)
        message_id = str(mail["Message-ID"])
        client = smtplib.SMTP("127.0.0.1", self.places.port("submission"), timeout=60)
        client.starttls(context=demo.tls(self.places))
        client.login(Gateway.person.uid, Gateway.person.password)
        client.mail(OFFICE_ADDRESS)
        client.rcpt(CITIZEN)
        self.assertEqual(client.docmd("DATA")[0], 354)
        client.send(mail.as_bytes().rstrip(b"\r\n") + b"\r\n.\r\n")
        client.close()
        self.assert_sent_once(mail)
        self.assertEqual(retry(mail)[0], 250)
        self.assert_sent_once(mail)

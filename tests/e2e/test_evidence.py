"""Forged evidence and what became of its mail; the table of forgeries is test_forgeries.py."""
import subprocess

from harness import *


def forged_report(send, token, postfix_queue_id=None):
    """A report as our own Postfix writes it, about a send that a stranger knows."""
    queue_id = postfix_queue_id or send["attempts"][0]
    return (f"From: MAILER-DAEMON@correo.{DOMAIN}\r\nTo: acuse+{token}@{DOMAIN}\r\n"
            "Subject: Successful Mail Delivery Report\r\nAuto-Submitted: auto-replied\r\n"
            f"Message-ID: <forged-{queue_id}-{time.monotonic_ns()}@correo.{DOMAIN}>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; "
            'boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nDelivered.\r\n'
            "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            f"Reporting-MTA: dns; correo.{DOMAIN}\r\nOriginal-Envelope-Id: {token}\r\n"
            f"X-Postfix-Queue-ID: {queue_id}\r\nX-Postfix-Sender: rfc822; acuse+{token}@{DOMAIN}\r\n\r\n"
            f"Final-Recipient: rfc822; {CITIZEN}\r\nOriginal-Recipient: rfc822;{CITIZEN}\r\n"
            "Action: delivered\r\nStatus: 2.0.0\r\nDiagnostic-Code: smtp; 250 2.0.0 OK\r\n\r\n"
            f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{send['message_id']}>\r\n"
            "\r\n--b--\r\n").encode()


class Forgery(Case):
    @classmethod
    def setUpClass(cls):
        cls.mail = notification(400)
        cls.message_id = str(cls.mail["Message-ID"])
        submit(cls.mail)
        cls.token = token_of(cls.mail)
        wait(lambda: [one for one in events_of(cls.message_id) if one["event"] == "relayed"],
             "no report came")
        cls.send = sends(cls.message_id)[0]

    def counted(self):
        return [(one["event"], one["time"]) for one in events_of(self.message_id) if one["counts"]]

    def sendmail(self, raw, sender, *to):
        # It has to be taken, or the case shows nothing.
        return subprocess.run(["sendmail", "-C", self.places.path("postfix", "etc"), "-i", "-f", sender,
                               *to], input=raw.replace(b"\r\n", b"\n"), capture_output=True, check=True)

    def waiting(self):
        """What the queue holds for the return address, which has no mailbox."""
        said = processes.run(["postqueue", "-c", self.places.path("postfix", "etc"), "-j"], "postqueue")
        return said.count(self.token)

    def assert_no_new_event(self, act):
        counted, everything = self.counted(), len(events_of(self.message_id))
        act()
        # Long enough for the queue's runs; what is forged may come late.
        time.sleep(3)
        self.assertEqual(self.counted(), counted)
        return len(events_of(self.message_id)) - everything

    def test_a_report_by_sendmail(self):
        for sender in ("", f"MAILER-DAEMON@correo.{DOMAIN}"):
            with self.subTest(sender=sender):
                new = self.assert_no_new_event(lambda: self.sendmail(
                    forged_report(self.send, self.token), sender or "<>",
                    f"acuse+{self.token}@{DOMAIN}"))
                self.assertEqual(new, 0)
                self.assertEqual(self.waiting(), 0)

    def test_a_report_by_sendmail_to_the_office(self):
        self.assertEqual(self.assert_no_new_event(lambda: self.sendmail(
            forged_report(self.send, self.token), "<>", OFFICE_ADDRESS)), 0)

    def test_making_our_postfix_write_the_report(self):
        """FACTS 5: our ENVID and the token as sender, a local mailbox as recipient, NOTIFY=SUCCESS."""
        mail = mails.make_plain("Hola", CITIZEN, OFFICE_ADDRESS)

        def act(sender, options, rcpt_options):
            def dialogue():
                return mails.from_outside(self.places, mail, sender, [OFFICE_ADDRESS], options=options,
                                          rcpt_options=rcpt_options)
            return reply_of(dialogue)
        token_sender = f"acuse+{self.token}@{DOMAIN}"
        notify = ["NOTIFY=SUCCESS", f"ORCPT=rfc822;{CITIZEN}"]

        def everything():
            for sender in (token_sender, CITIZEN):
                for options in ([f"ENVID={self.token}"], []):
                    for rcpt_options in (notify, []):
                        code, _ = act(sender, options, rcpt_options)
                        if sender == token_sender or options or rcpt_options:
                            self.assertGreaterEqual(code, 500, (sender, options, rcpt_options))
        self.assertEqual(self.assert_no_new_event(everything), 0)

    def test_by_sendmail_with_its_own_dsn_wishes(self):
        """The same trick from inside: sendmail(1) may ask for reports, with our ENVID."""
        raw = mails.make_plain("Hola", f"root@{DOMAIN}", OFFICE_ADDRESS).as_bytes()
        self.assert_no_new_event(lambda: subprocess.run(
            ["sendmail", "-C", self.places.path("postfix", "etc"), "-i", "-V", self.token, "-N",
             "success", "-f", f"acuse+{self.token}@{DOMAIN}", OFFICE_ADDRESS], input=raw,
            capture_output=True, check=True))

    def test_sendmail_borrows_no_identity(self):
        mail = mails.make_plain("Orden", OFFICE_ADDRESS, f"{Gateway.person.uid}@{DOMAIN}")
        self.sendmail(mail.as_bytes(), OFFICE_ADDRESS, f"{Gateway.person.uid}@{DOMAIN}")
        time.sleep(3)
        self.assertEqual([one for one in mailbox(Gateway.person.uid)
                          if one["Message-ID"] == mail["Message-ID"]], [])

    def test_sendmail_of_cron_flows(self):
        mail = mails.make_plain("cron", f"root@{DOMAIN}", f"{Gateway.person.uid}@{DOMAIN}")
        self.sendmail(mail.as_bytes(), f"root@{DOMAIN}", f"{Gateway.person.uid}@{DOMAIN}")
        wait(lambda: [one for one in mailbox(Gateway.person.uid)
                      if one["Message-ID"] == mail["Message-ID"]], "mail of sendmail(1) did not arrive")

    def test_an_invented_token_is_refused(self):
        invented = "a" * 32
        self.assert_refused(lambda: mails.from_outside(
            self.places, mails.make_plain("x", CITIZEN, OFFICE_ADDRESS), CITIZEN,
            [f"acuse+{invented}@{DOMAIN}"]), 550)

    def test_an_invented_token_is_refused_however_it_is_written(self):
        for recipient in (f'"acuse+{"a" * 32}"@{DOMAIN}', f"acuse+{'a' * 32}@{DOMAIN}.",
                          f"acuse+{self.token}@{DOMAIN}.",
                          f"ACUSE+{'A' * 32}@{DOMAIN}"):
            with self.subTest(recipient=recipient):
                self.assert_refused(lambda: mails.from_outside(
                    self.places, mails.make_plain("Re", CITIZEN, OFFICE_ADDRESS), CITIZEN,
                    [recipient]), 550)

    def test_an_answer_to_the_token_however_it_is_written(self):
        for recipient in (f'"acuse+{self.token}"@{DOMAIN}', f"ACUSE+{self.token.upper()}@{DOMAIN}"):
            with self.subTest(recipient=recipient):
                mail = mails.make_plain("Re: carta", "otro@ciudadano.test", OFFICE_ADDRESS)
                mails.from_outside(self.places, mail, "otro@ciudadano.test", [recipient])
                wait(lambda: [one for one in mailbox(OFFICE)
                              if one["Message-ID"] == mail["Message-ID"]], "the notifier did not get it")
                # Nothing of it may wait for the server that is not there.
                self.assertEqual(self.waiting(), 0)

    def test_from_inside_nothing_reaches_a_return_address(self):
        mail = mails.make_plain("Re: carta", OFFICE_ADDRESS, CITIZEN)
        self.assert_refused(lambda: submit(mail, to=[f"acuse+{self.token}@{DOMAIN}"]), 550, "5.1.1")
        self.assertEqual(sends(str(mail["Message-ID"])), [])


class Unmatched(Case):
    def test_a_report_of_no_send_is_kept_apart(self):
        """Found by acusectl event list --unmatched, which has no other."""
        known = notification(401)
        submit(known)
        token_of(known)
        wait(lambda: [one for one in events_of(str(known["Message-ID"])) if one["event"] == "relayed"], "no report came")
        strange = {"attempts": ["4bFzZZ0000z0z0z"], "message_id": f"nunca-enviado@{DOMAIN}"}
        mails.from_outside(self.places, forged_report(strange, "a" * 32), "", [OFFICE_ADDRESS])

        def listed(*options):
            return demo.acusectl(self.places, "event", "list", "--limit", "1000", *options)["items"]
        found = wait(lambda: [one for one in listed("--unmatched") if one["report"]["original_message_id"]
                              == strange["message_id"]], "not listed")
        self.assertEqual([(one["kind"], one["counts"], one["matched"]) for one in found], [("dsn", False, None)])
        self.assertEqual([one for one in listed("--unmatched") if one["matched"] is not None], [])
        self.assertNotEqual([one for one in listed() if one["matched"] is not None], [])


class Ordinary(Case):
    def test_a_strangers_mail_arrives(self):
        mail = mails.make_plain("Consulta", CITIZEN, OFFICE_ADDRESS)
        mails.from_outside(self.places, mail, CITIZEN, [OFFICE_ADDRESS])
        wait(lambda: [one for one in mailbox(OFFICE) if one["Message-ID"] == mail["Message-ID"]],
             "not delivered")

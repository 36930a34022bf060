"""Which case refuses a mail by each rule, and which lets one pass, end to end; and the rules that had none."""
import importlib

from test_attachments import HEAVY_BYTES, NAME, with_file
from test_refusals import submit_raw

from harness import *

# rule: where it refuses (or, where it never does, tells), where it passes
CASES = {
    "P1": ("test_refusals.Submission.test_from_of_somebody_else", "test_identity.Identity.test_1_detail_of_the_address"),
    "P2": ("test_state.State.test_each_state", "test_happy.Notification.test_10_is_signed_for_the_office"),
    "P3": ("test_policy.Rules.test_p3", "test_policy.Rules.test_p3"),
    "P4": ("test_rules.Rules.test_p4", "test_rules.Rules.test_p4"),
    "P5": ("test_policy.Rules.test_p5", "test_policy.Rules.test_p5"),
    "P6": ("test_policy.Rules.test_p6", "test_policy.Rules.test_p6"),
    "P7": ("test_policy.Rules.test_p7", "test_policy.Rules.test_p7"),
    "P8": ("test_rules.Rules.test_p8", "test_attachments.Outgoing.test_a_heavy_file_travels_in_a_zip"),
    "P9": ("test_attachments.Outgoing.test_a_program_in_a_zip_goes_back",
           "test_attachments.Outgoing.test_a_document_in_a_zip_passes"),
    "P9 INBOUND": ("test_attachments.Inbound.test_a_program_is_not_let_in", "test_attachments.Inbound.test_a_document_is"),
    "P10": ("test_policy.Rules.test_p10_in_disguise", "test_policy.Rules.test_p10_in_the_name_of_a_file"),
    "P11": ("test_documents.SignedDocuments.test_enforced", "test_documents.SignedDocuments.test_enforced"),
    "P12": ("test_policy.Rules.test_p12", "test_policy.Rules.test_p12"),
    "P13": ("test_policy.Warnings.test_a_notice_lists_what_was_found", "test_policy.Warnings.test_a_good_mail_has_no_notice"),
    "P14": ("test_policy.Rules.test_p14", "test_policy.Rules.test_p14"),
    "P15": ("test_limits.Limits.test_recipients_over_several_messages",
            "test_limits.Limits.test_recipients_over_several_messages"),
    "S7": ("test_rules.Rules.test_s7", "test_rules.Rules.test_p4"),
    "S10": ("test_refusals.Submission.test_unknown_expediente", "test_policy.Register.test_lists"),
    "D5": ("test_documents.SignedDocuments.test_an_act_that_is_notified_late", "test_documents.SignedDocuments.test_an_act_that_is_notified_late"),
    "D9": ("test_refusals.Submission.test_a_citizen_without_authorisation", "test_policy.Register.test_lists"),
}
PGP = ("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nBuenas.\n-----BEGIN PGP SIGNATURE-----\n\nAAAA\n"
       "-----END PGP SIGNATURE-----\n")


class Rules(Case):
    def plain(self, subject, text="Buenos días.\n"):
        return mails.make_plain(subject, OFFICE_ADDRESS, CITIZEN, text)

    def test_each_has_its_cases(self):
        shown = demo.acusectl(self.places, "--config", self.places.path("acuse", "acuse.conf"), "policy", "show",
                              Gateway.person.uid)
        rules = {one["rule"] for one in (shown if isinstance(shown, list) else shown["items"])}
        self.assertEqual(rules - set(CASES), set())
        for rule, names in CASES.items():
            for name in names:
                with self.subTest(rule=rule, name=name):
                    module, group, test = name.split(".")
                    self.assertTrue(callable(getattr(getattr(importlib.import_module(module), group), test)))

    def test_p4(self):
        """What its author signed takes no block: it goes as it is, or not, by setting."""
        mail = self.plain("Saludo firmado", PGP)
        self.assertEqual(retry(mail)[0], 250)
        path = wait(lambda: mails.received(self.places, str(mail["Message-ID"])), "not received")[0]
        self.assertNotIn("Rosa Morales Aranda", mails.parse(path).get_content())
        plain = self.plain("Saludo sin firmar")
        with configured({"signature": {"protected": "refuse"}}, "outgoing"):
            self.assert_refused(lambda: submit(self.plain("Otro saludo firmado", PGP)), 550, "5.7.1 [P4]", "DI-002, art. 5")
            self.assertEqual(retry(plain)[0], 250)
        path = wait(lambda: mails.received(self.places, str(plain["Message-ID"])), "not received")[0]
        self.assertIn("Rosa Morales Aranda", mails.parse(path).get_content())

    def test_s7(self):
        """It would be cut on its way, and its signature broken."""
        raw = self.plain("Saludo firmado", PGP).as_bytes().replace(b"Buenas.", b"a" * 1200)
        self.assert_refused(lambda: submit_raw(raw, to=[CITIZEN]), 550, "5.6.0 [S7]", "998")

    def test_p8(self):
        """A heavy file is refused with advice, where the institution wants that; a light one passes."""
        with configured({"policy": {"p8_action": "refuse"}}, "outgoing"):
            heavy = with_file(self.plain("Padrón"), NAME, b"1;2\r\n" * (HEAVY_BYTES // 4))
            self.assert_refused(lambda: submit(heavy), 550, "[P8] Comprima el archivo (zip)", "DI-002, art. 4.9")
            self.assertEqual(retry(with_file(self.plain("Padrón"), NAME, b"1;2\r\n"))[0], 250)

EXTRA_DIST += tests/e2e/run tests/e2e/harness.py tests/e2e/signer_client.py tests/e2e/test_signer.py tests/e2e/test_happy.py tests/e2e/test_refusals.py \
	tests/e2e/test_attachments.py tests/e2e/test_evidence.py tests/e2e/test_failures.py tests/e2e/test_accounts.py tests/e2e/schema.py tests/e2e/sanitizers.py tests/e2e/test_api.py tests/e2e/test_secrets.py tests/e2e/test_check.py tests/e2e/test_policy.py tests/e2e/test_identity.py
EXTRA_DIST += tests/e2e/test_people.py tests/e2e/test_hold.py tests/e2e/test_keys.py tests/e2e/test_forgeries.py tests/e2e/test_reports.py tests/e2e/test_form01.py tests/e2e/test_directory.py tests/e2e/test_mailboxes.py tests/e2e/test_documents.py tests/e2e/test_ledger.py
EXTRA_DIST += tests/e2e/test_reading.py tests/e2e/test_adoption.py tests/e2e/test_rights.py tests/e2e/test_answers.py tests/e2e/test_tramite.py
EXTRA_DIST += tests/e2e/test_timestamps.py tests/e2e/tsa.py tests/e2e/test_roles.py
EXTRA_DIST += tests/e2e/test_separation.py tests/e2e/test_purge.py tests/e2e/test_backup.py tests/e2e/test_limits.py tests/e2e/test_look.py tests/e2e/test_incoming.py tests/e2e/test_rules.py tests/e2e/test_state.py

# For contrib/run-tests, which counts the cases in each program's log.
.PHONY: print-tests print-lints
print-tests:
	@echo $(TESTS)
print-lints:
	@echo $(LINTS)

# Accounts: requests, people, offices, passwords. A library, so that tests link it without the daemon.
noinst_LIBRARIES += provision/libaccounts.a
provision_libaccounts_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(OPENSSL_CFLAGS)
provision_libaccounts_a_SOURCES = \
	provision/account_common.c provision/accounts.h \
	provision/account_creation.c \
	provision/account_history.c \
	provision/account_life.c provision/account_life.h \
	provision/accounts.c \
	provision/aliases.c \
	provision/account_term.c provision/account_term.h \
	provision/attempts.c provision/attempts.h \
	provision/adoption.c provision/adoption.h \
	provision/directory_reconcile.c \
	provision/cessation.c provision/closed_mail.c \
	provision/mailbox_archive.c provision/mailbox_archive.h \
	provision/mailbox_server.c provision/mailbox_server.h \
	provision/notifiers.c \
	provision/offices.c \
	provision/page.c \
	provision/password_expiry.c \
	provision/passwords.c \
	provision/people.c provision/people.h \
	provision/people_report.c \
	provision/posts.c \
	provision/request_account.c provision/request_account.h \
	provision/request_answer.c provision/request_answer.h \
	provision/request_import.c provision/request_import.h \
	provision/request_orders.c provision/request_orders.h \
	provision/request_page.c provision/request_page.h \
	provision/request_signature.c provision/request_signature.h \
	provision/request_form.c provision/request_form.h \
	provision/request_life.c provision/request_life.h \
	provision/request_step.c provision/request_step.h \
	provision/requests.c \
	provision/self.c provision/self.h provision/token_afar.c \
	provision/taken_names.c provision/taken_names.h

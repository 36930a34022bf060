# Sends, their events and their proof: part of acuse-provisiond. libproof alone is what acusectl links too.
noinst_LIBRARIES += provision/libsends.a provision/libproof.a
provision_libsends_a_SOURCES = \
	provision/sends.c provision/sends.h provision/send_prepared.c provision/send_hold.c provision/send_hold.h \
	provision/send_hold_wake.c provision/send_hold_wake.h provision/sends_read.c provision/send_check.c \
	provision/send_record.c provision/send_record.h \
	provision/events.c \
	provision/incoming.c provision/incoming.h provision/incoming_confirm.c provision/incoming_settled.c provision/incoming_term.c \
	provision/purge.c provision/purge_events.c provision/purge_incoming.c provision/purge.h provision/keeping.c provision/collect.c provision/collect.h \
	provision/timestamps.c \
	provision/exceptions.c provision/exceptions.h \
	provision/send_limits.c provision/send_limits.h \
	provision/deadlines.c provision/deadlines.h \
	provision/notices.c provision/notices.h provision/people_notices.c \
	provision/reconcile.c provision/reconcile.h \
	provision/proof_point.c provision/proof_point.h \
	provision/constancia.c provision/constancia.h \
	provision/outcomes.c provision/outcomes.h provision/outcome_notices.c \
	provision/readings.c provision/readings.h provision/reading_record.c \
	provision/tramite.c provision/tramite.h provision/tramite_folder.c provision/tramite_webhook.c \
	provision/bundle.c provision/bundle.h
provision_libsends_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(ARCHIVE_CFLAGS)
provision_libproof_a_SOURCES = \
	provision/proof_check.c provision/proof_check.h \
	provision/proof_content.c provision/proof_parts.h \
	provision/proof_files.c provision/proof_files.h \
	provision/bundle_container.c provision/bundle_container.h \
	provision/bundle_format.c provision/bundle_format.h provision/bundle_readme.c
provision_libproof_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(ARCHIVE_CFLAGS) $(OPENSSL_CFLAGS)

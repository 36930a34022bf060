noinst_LIBRARIES += lib/core/libcore.a
lib_core_libcore_a_SOURCES = \
	lib/core/account.c lib/core/account.h \
	lib/core/address.c lib/core/address.h \
	lib/core/attachment_policy.c lib/core/attachment_policy.h \
	lib/core/rules/p8_heavy.c lib/core/rules/p9_blocked.c \
	lib/core/attachment.c lib/core/attachment.h \
	lib/core/authentication_results.c lib/core/authentication_results.h \
	lib/core/constancia.c lib/core/constancia.h lib/core/constancia_words.c lib/core/constancia_words.h \
	lib/core/outcome.c lib/core/outcome.h \
	lib/core/reading.c lib/core/reading.h \
	lib/core/autoreply.c lib/core/autoreply.h \
	lib/core/calendar.c lib/core/calendar.h lib/core/calendar_file.c lib/core/calendar_days.h \
	lib/core/dni.c lib/core/dni.h \
	lib/core/document.c lib/core/document.h lib/core/document_mark.h lib/core/document_types.c \
	lib/core/content.c lib/core/content.h \
	lib/core/evidence.c lib/core/evidence.h \
	lib/core/facts.c lib/core/facts.h \
	lib/core/fold.c lib/core/fold.h lib/core/incoming.c lib/core/incoming.h \
	lib/core/merkle.c lib/core/merkle.h \
	lib/core/naming.c lib/core/naming.h \
	lib/core/password.c lib/core/password.h \
	lib/core/plan.c lib/core/plan.h \
	lib/core/policy.c lib/core/policy.h lib/core/policy_settings.c \
	lib/core/record.c lib/core/record.h \
	lib/core/return_token.c lib/core/return_token.h \
	lib/core/send.c lib/core/send.h \
	lib/core/sha256.c lib/core/sha256.h \
	lib/core/signature.c lib/core/signature.h \
	lib/core/rules/rules.c lib/core/rules/rules.h \
	lib/core/rules/p1_identity.c lib/core/rules/p2_state.c lib/core/rules/p3_subject.c \
	lib/core/rules/p4_block.c lib/core/rules/p5_read_receipt.c \
	lib/core/rules/p6_delivery_confirmation.c lib/core/rules/p7_forward.c \
	lib/core/rules/subject.c lib/core/rules/subject.h lib/core/rules/p10_expediente.c lib/core/rules/p11_signed_pdf.c \
	lib/core/rules/p12_notifier.c lib/core/rules/p14_one_citizen.c lib/core/rules/s7_protected.c

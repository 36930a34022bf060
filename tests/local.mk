# Unit tests stand in tests/unit/<layer>.mk, one program per source file tested.
UNIT_LIBS = $(CMOCKA_LIBS)
include $(top_srcdir)/tests/unit/base.mk
include $(top_srcdir)/tests/unit/core.mk
include $(top_srcdir)/tests/unit/mime.mk
include $(top_srcdir)/tests/unit/cms.mk
include $(top_srcdir)/tests/unit/directory.mk
include $(top_srcdir)/tests/unit/signer.mk
include $(top_srcdir)/tests/unit/provision.mk
include $(top_srcdir)/tests/unit/sends.mk
include $(top_srcdir)/tests/unit/accounts.mk
include $(top_srcdir)/tests/unit/render.mk
include $(top_srcdir)/tests/unit/api.mk
include $(top_srcdir)/tests/unit/milter.mk
include $(top_srcdir)/tests/unit/ctl.mk
include $(top_srcdir)/tests/fuzz/local.mk
include $(top_srcdir)/tests/suppressions/local.mk
include $(top_srcdir)/tests/lint/local.mk
include $(top_srcdir)/tests/coverage.mk
include $(top_srcdir)/tests/e2e/local.mk
include $(top_srcdir)/tests/judge/local.mk
include $(top_srcdir)/tests/fault/local.mk
include $(top_srcdir)/tests/crash/local.mk
include $(top_srcdir)/tests/bench/local.mk

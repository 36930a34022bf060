# The fault kit (tests/fault/README.md): loaded by others' programs, so without our sanitizers' flags.
FAULT_LIBS = tests/fault/libfault.so tests/fault/pkcs11-shim.so
FAULT_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARN_CFLAGS) -O2 -fPIC -shared -I/usr/include/p11-kit-1

tests/fault/libfault.so: tests/fault/libfault.c
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) $(FAULT_CFLAGS) -o $@ $(srcdir)/tests/fault/libfault.c -ldl -lpthread

tests/fault/pkcs11-shim.so: tests/fault/pkcs11-shim.c tests/fault/pkcs11-probe.c tests/fault/pkcs11-probe.h
	@$(MKDIR_P) $(@D)
	$(AM_V_CCLD)$(CC) $(FAULT_CFLAGS) -o $@ $(srcdir)/tests/fault/pkcs11-shim.c \
		$(srcdir)/tests/fault/pkcs11-probe.c -ldl -lpthread

check_DATA = $(FAULT_LIBS)
CLEANFILES += $(FAULT_LIBS)
EXTRA_DIST += tests/fault/README.md tests/fault/libfault.c tests/fault/pkcs11-shim.c tests/fault/pkcs11-probe.c \
	tests/fault/pkcs11-probe.h tests/fault/second-host \
	tests/fault/test-second-host tests/fault/test-faults

TESTS += tests/fault/test-faults tests/fault/test-second-host

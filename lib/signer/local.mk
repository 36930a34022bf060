noinst_LIBRARIES += lib/signer/libsignerproto.a
lib_signer_libsignerproto_a_SOURCES = \
	lib/signer/packet_buffer.c lib/signer/packet_buffer.h \
	lib/signer/permit.c lib/signer/permit.h \
	lib/signer/protocol.c lib/signer/protocol.h \
	lib/signer/unlock_offer.c lib/signer/unlock_offer.h

/*
 * The least that a milter can do for the bench: three headers for each message, over libmilter.
 *
 *	trivial-milter SOCKET
 *
 * Runs in the foreground until a signal ends it; 1 when it cannot listen. libmilter gives each
 *connection a thread; nothing is shared.
 */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sfsistat on_end(SMFICTX *context)
{
	static char names[3][16] = {"Acuse-Load-1", "Acuse-Load-2", "Acuse-Load-3"};
	static char value[] = "three headers and nothing more";

	for (int i = 0; i < 3; i++)
		if (smfi_addheader(context, names[i], value) != MI_SUCCESS)
			return SMFIS_TEMPFAIL;
	return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
	static char name[] = "trivial", address[256];
	const struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS,
		.xxfi_eom = on_end,
	};

	if (argc != 2) {
		fprintf(stderr, "usage: trivial-milter SOCKET\n");
		return 2;
	}
	snprintf(address, sizeof address, "unix:%s", argv[1]);
	if (smfi_register(description) != MI_SUCCESS || smfi_setconn(address) != MI_SUCCESS ||
		smfi_opensocket(1) != MI_SUCCESS) {
		fprintf(stderr, "trivial-milter: cannot listen on %s\n", argv[1]);
		return 1;
	}
	return smfi_main() == MI_SUCCESS ? 0 : 1;
}

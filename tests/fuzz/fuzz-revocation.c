/*
 * What other people's servers answer: a responder, a list of revoked certificates, a time-stamping
 * authority; and an offer to unlock a token, which comes from the gateway to another computer. The
 * first byte says which; the first two have certificate and issuer before them, each behind its
 * length of two bytes.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "cms/revocation.h"
#include "cms/timestamp.h"
#include "signer/unlock_offer.h"

#define CONTENT "acuse\n"
#define NOW_S 1795435200 /* 2026-11-23, when the seeds are valid */

enum { KIND_OCSP, KIND_CRL, KIND_TIMESTAMP, KIND_OFFER, N_KINDS };

static GBytes *take_bytes(const uint8_t **data, size_t *size)
{
	size_t length = *size >= 2 ? (size_t)((*data)[0] << 8 | (*data)[1]) : 0;
	size_t skipped = MIN(*size, 2);
	GBytes *bytes;

	length = MIN(length, *size - skipped);
	bytes = g_bytes_new(*data + skipped, length);
	*data += skipped + length;
	*size -= skipped + length;
	return bytes;
}

static void judge(int kind, const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) certificate = take_bytes(&data, &size);
	g_autoptr(GBytes) issuer = take_bytes(&data, &size);
	g_autoptr(GBytes) answer = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) no_request = NULL;
	g_autoptr(GBytes) request = ocsp_request(certificate, issuer, &no_request);
	Revocation revocation = {FALSE, 0, 0};
	gboolean known =
		kind == KIND_OCSP
			? ocsp_judge(answer, certificate, issuer, NOW_S, &revocation, &error)
			: crl_judge(answer, certificate, issuer, NOW_S, &revocation, &error);

	fuzz_check_error(known, error, "judge");
	fuzz_check_error(request != NULL, no_request, "ocsp_request");
	FUZZ_PROMISE(!known || request != NULL, "judged a certificate that nobody can ask about");
	FUZZ_PROMISE(!known || revocation.until_s == 0 || revocation.until_s >= NOW_S,
		"what was said is over");
}

static void stamp(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) answer = g_bytes_new(data, size);
	g_autoptr(GBytes) content = g_bytes_new_static(CONTENT, strlen(CONTENT));
	g_autoptr(GBytes) other = g_bytes_new_static("other\n", strlen("other\n"));
	g_autoptr(TimestampRequest) request = timestamp_request_for_data(content, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) unasked = NULL;
	gint64 time_s = 0;
	gboolean good = timestamp_verify(answer, content, NULL, NOW_S, &time_s, &error);

	fuzz_check_error(good, error, "timestamp_verify");
	FUZZ_PROMISE(!good || !timestamp_verify(answer, other, NULL, NOW_S, &time_s, NULL),
		"stamps anything");
	/* Its nonce is another one each time. */
	FUZZ_PROMISE(
		!timestamp_check(request, answer, "", &time_s, &unasked), "a nonce is ignored");
	fuzz_check_error(FALSE, unasked, "timestamp_check");
}

static void offer(const uint8_t *data, size_t size)
{
	g_autofree char *text = fuzz_take_rest(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(UnlockOffer) parsed = unlock_offer_parse(text, &error);
	g_autofree char *again = parsed != NULL ? unlock_offer_make(parsed, NULL) : NULL;
	guint8 block[UNLOCK_BLOCK_BYTES] = {0};
	const char *pin;

	fuzz_check_error(parsed != NULL, error, "unlock_offer_parse");
	FUZZ_PROMISE(parsed == NULL || again != NULL, "parses what cannot be made");
	if (size > 0)
		memcpy(block, data, MIN(size, sizeof block));
	pin = unlock_block_pin(block);
	FUZZ_PROMISE(pin == NULL || (*pin != '\0' && strlen(pin) <= UNLOCK_MAX_PIN), "PIN");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int kind = size > 0 ? data[0] % N_KINDS : KIND_OFFER;

	data += MIN(size, 1);
	size -= MIN(size, 1);
	if (kind == KIND_TIMESTAMP)
		stamp(data, size);
	else if (kind == KIND_OFFER)
		offer(data, size);
	else
		judge(kind, data, size);
	return 0;
}

/* slot.h. Keeps EVP_PKEYs and own copies of the certificates, never libp11's arrays, which move
 * (FACTS 20). One thread. */
#include "signer/slot.h"
#include "base/error.h"
#include "cms/certificate.h"
#include "cms/cms.h"

#include <libp11.h>
#include <openssl/err.h>
#include <string.h>
#include <time.h>

/* PKCS#11 v2.40, return values that tell the holder something. */
enum {
	RV_DEVICE_REMOVED = 0x32,
	RV_PIN_INCORRECT = 0xa0,
	RV_PIN_INVALID = 0xa1,
	RV_PIN_LEN_RANGE = 0xa2,
	RV_PIN_LOCKED = 0xa4,
	RV_TOKEN_NOT_PRESENT = 0xe0,
};

typedef struct {
	EVP_PKEY *key;
	X509 *certificate;
	const char *unfitness; /* static; NULL: mail may be signed with it */
	char *certificate_sha256;
	char **emails;
	GPtrArray *chain;	  /* DER, leaf first */
	STACK_OF(X509) * issuers; /* the same without the leaf */
} Identity;

struct _Slot {
	gboolean any_address;
	PKCS11_CTX *context;
	GPtrArray *identities; /* Identity *; live as long as the process */
	STACK_OF(X509) * others;
	const char *serial; /* libp11's */
};

static AcuseErrorCode code_of(int reason)
{
	switch (reason) {
	case RV_PIN_INCORRECT:
	case RV_PIN_INVALID:
	case RV_PIN_LEN_RANGE:
		return ACUSE_ERROR_PIN_WRONG;
	case RV_PIN_LOCKED:
		return ACUSE_ERROR_PIN_LOW;
	case RV_TOKEN_NOT_PRESENT:
	case RV_DEVICE_REMOVED:
		return ACUSE_ERROR_TOKEN_ABSENT;
	default:
		return ACUSE_ERROR_TOKEN_TROUBLE;
	}
}

static gboolean fail_pkcs11(GError **error, const char *what)
{
	unsigned long last = ERR_peek_last_error();
	int reason = ERR_GET_REASON(last);
	const char *text = last != 0 ? ERR_reason_error_string(last) : NULL;

	g_set_error(error, ACUSE_ERROR, (gint)code_of(reason), "%s: %s (0x%x)", what,
		text != NULL ? text : "failed", (unsigned)reason);
	ERR_clear_error();
	return FALSE;
}

/* The CMS failed: the module's own error, under those that OpenSSL laid over it, tells more. */
static void fail_signature(GError **error, GError *cause)
{
	unsigned long one;

	while ((one = ERR_get_error()) != 0) {
		if (ERR_GET_LIB(one) == ERR_get_CKR_code()) {
			g_clear_error(&cause);
			cause = g_error_new(ACUSE_ERROR, (gint)code_of(ERR_GET_REASON(one)),
				"sign: %s (0x%x)", ERR_reason_error_string(one),
				(unsigned)ERR_GET_REASON(one));
			break;
		}
	}
	ERR_clear_error();
	g_propagate_error(error, cause);
}

static PKCS11_SLOT *find_token(
	PKCS11_CTX *context, const char *label, const char *serial, GError **error)
{
	PKCS11_SLOT *slots = NULL, *found = NULL;
	const char *why = "no slot has the token";
	unsigned int count = 0, n_found = 0;

	if (PKCS11_enumerate_slots(context, &slots, &count) != 0) {
		fail_pkcs11(error, "list the slots");
		return NULL;
	}
	for (unsigned int i = 0; i < count; i++) {
		const PKCS11_TOKEN *token = slots[i].token;

		if (token == NULL || !token->initialized || g_strcmp0(token->label, label) != 0)
			continue;
		if (*serial == '\0' || g_strcmp0(token->serialnr, serial) == 0) {
			found = &slots[i];
			n_found++;
		} else {
			why = "another token has its label; this one has not its serial";
		}
	}
	/* A PIN is for its holder's token alone. */
	if (n_found == 1)
		return found;
	if (n_found > 1)
		why = "two tokens have its label: enrol it with its serial";
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_TOKEN_ABSENT, why);
	return NULL;
}

/* One attempt; the flags are asked first, because the last wrong PIN would destroy the token (FACTS
 * 21). */
static gboolean may_log_in(PKCS11_SLOT *slot, gboolean despite_low, GError **error)
{
	const PKCS11_TOKEN *token = slot->token;
	const char *why = NULL;

	if (token->userPinLocked)
		why = "the token is locked by wrong PINs";
	else if (token->userPinFinalTry && !despite_low)
		why = "not tried: one more wrong PIN locks the token";
	else if (token->userPinCountLow && !despite_low)
		why = "not tried: a wrong PIN was tried before";
	if (why != NULL) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_PIN_LOW, why);
		return FALSE;
	}
	if (PKCS11_open_session(slot, 0) != 0)
		return fail_pkcs11(error, "open a session");
	return TRUE;
}

/* From the token and the folder, in order and without what does not belong to it (S3, F 8.7). */
static void find_chain(Identity *identity, STACK_OF(X509) * others, const char *trust)
{
	gboolean complete;

	identity->chain = certificate_chain(identity->certificate, others, trust, &complete);
	identity->issuers = sk_X509_new_null();
	for (guint i = 1; i < identity->chain->len; i++) {
		X509 *issuer = certificate_parse(identity->chain->pdata[i], NULL);

		if (issuer != NULL)
			sk_X509_push(identity->issuers, issuer);
	}
}

static gboolean read_identities(Slot *slot, PKCS11_TOKEN *token, const char *trust, GError **error)
{
	PKCS11_CERT *certificates = NULL;
	unsigned int count = 0;

	if (PKCS11_enumerate_certs(token, &certificates, &count) != 0)
		return fail_pkcs11(error, "read the certificates");
	for (unsigned int i = 0; i < count; i++) {
		PKCS11_KEY *key = PKCS11_find_key(&certificates[i]);
		EVP_PKEY *private_key = key != NULL ? PKCS11_get_private_key(key) : NULL;
		X509 *copy = X509_dup(certificates[i].x509);
		Identity *identity;

		if (copy == NULL)
			return fail_pkcs11(error, "copy a certificate");
		if (private_key == NULL) {
			sk_X509_push(slot->others, copy);
			continue;
		}
		identity = g_new0(Identity, 1);
		identity->key = private_key;
		identity->certificate = copy;
		identity->unfitness = certificate_unfitness(copy);
		identity->certificate_sha256 = cms_certificate_sha256(copy);
		identity->emails = cms_certificate_emails(copy);
		g_ptr_array_add(slot->identities, identity);
	}
	for (guint i = 0; i < slot->identities->len; i++)
		find_chain(slot->identities->pdata[i], slot->others, trust);
	ERR_clear_error();
	if (slot->identities->len > 0)
		return TRUE;
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_CERTIFICATE,
		"the token has no certificate with a private key");
	return FALSE;
}

Slot *slot_open(const SlotOptions *options, const char *label, const char *serial, const char *pin,
	gboolean despite_low, void (*before_login)(gpointer data), gpointer data, GError **error)
{
	Slot *slot = g_new0(Slot, 1);
	PKCS11_SLOT *found;

	slot->any_address = options->any_address;
	slot->identities = g_ptr_array_new();
	slot->others = sk_X509_new_null();
	slot->context = PKCS11_CTX_new();
	/* On failure nothing is given back: the process that calls ends, and unloading a module may
	 * crash. */
	if (slot->context == NULL || slot->others == NULL ||
		PKCS11_CTX_load(slot->context, options->module) != 0) {
		fail_pkcs11(error, "load the PKCS#11 module");
		return NULL;
	}
	found = find_token(slot->context, label, serial, error);
	if (found == NULL || !may_log_in(found, despite_low, error))
		return NULL;
	before_login(data);
	if (PKCS11_login(found, 0, pin) != 0) {
		fail_pkcs11(error, "log in");
		return NULL;
	}
	slot->serial = found->token->serialnr;
	return read_identities(slot, found->token, options->trust, error) ? slot : NULL;
}

const char *slot_serial(const Slot *slot)
{
	return slot->serial != NULL ? slot->serial : "";
}

static gint64 not_after_s(X509 *certificate)
{
	struct tm parts;

	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1
		       ? (gint64)timegm(&parts)
		       : 0;
}

static gboolean is_valid_now(X509 *certificate)
{
	return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* A token may have one key to sign with, one to log in, one to decrypt. */
static gboolean is_better(const Identity *one, const Identity *than)
{
	if ((one->unfitness == NULL) != (than->unfitness == NULL))
		return one->unfitness == NULL;
	return not_after_s(one->certificate) > not_after_s(than->certificate);
}

/* The best among those with the mailbox; valid_now: not yet valid and expired ones are left out. */
static const Identity *choose_identity(const Slot *slot, const char *mailbox, gboolean valid_now)
{
	const Identity *best = NULL;

	for (guint i = 0; i < slot->identities->len; i++) {
		const Identity *identity = slot->identities->pdata[i];

		if (mailbox != NULL &&
			!g_strv_contains((const char *const *)identity->emails, mailbox))
			continue;
		if (valid_now && !is_valid_now(identity->certificate))
			continue;
		if (best == NULL || is_better(identity, best))
			best = identity;
	}
	return best;
}

static GVariant *describe_chain(const GPtrArray *chain)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("aay"));
	for (guint i = 0; i < chain->len; i++)
		g_variant_builder_add_value(&builder,
			g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, chain->pdata[i], TRUE));
	return g_variant_builder_end(&builder);
}

GVariant *slot_describe(const Slot *slot)
{
	const Identity *main_identity = choose_identity(slot, NULL, FALSE);
	g_autofree char *subject = cms_certificate_subject(main_identity->certificate);
	g_autoptr(GStrvBuilder) emails = g_strv_builder_new();
	g_auto(GStrv) all = NULL;
	GVariantBuilder chains;
	GVariantDict dict;

	g_variant_builder_init(&chains, G_VARIANT_TYPE("aaay"));
	for (guint i = 0; i < slot->identities->len; i++) {
		const Identity *identity = slot->identities->pdata[i];

		g_strv_builder_addv(emails, (const char **)identity->emails);
		g_variant_builder_add_value(&chains, describe_chain(identity->chain));
	}
	all = g_strv_builder_end(emails);
	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "certificate_sha256", "s", main_identity->certificate_sha256);
	g_variant_dict_insert(&dict, "subject", "s", subject);
	g_variant_dict_insert(&dict, "email", "^as", all);
	g_variant_dict_insert(&dict, "not_after", "x", not_after_s(main_identity->certificate));
	g_variant_dict_insert_value(&dict, "chains", g_variant_builder_end(&chains));
	return g_variant_dict_end(&dict);
}

static const Identity *find_identity(const Slot *slot, const char *mailbox, GError **error)
{
	const Identity *identity = choose_identity(slot, mailbox, TRUE);
	const char *weakness;

	if (identity == NULL && slot->any_address)
		identity = choose_identity(slot, NULL, TRUE);
	if (identity == NULL) {
		g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_CERTIFICATE,
			"the token has no certificate for the mailbox that is valid now");
		return NULL;
	}
	/* A seal signs no mail. */
	weakness =
		mailbox != NULL ? identity->unfitness : certificate_weakness(identity->certificate);
	if (weakness == NULL)
		return identity;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_CERTIFICATE,
		"the certificate is not fit to sign with: %s", weakness);
	return NULL;
}

GBytes *slot_sign(const Slot *slot, const char *mailbox, GBytes *content, char **certificate_sha256,
	GError **error)
{
	const Identity *identity = find_identity(slot, mailbox, error);
	GError *cause = NULL;
	GBytes *cms;

	if (identity == NULL)
		return NULL;
	cms = cms_sign_detached(
		identity->key, identity->certificate, identity->issuers, content, &cause);
	if (cms == NULL) {
		fail_signature(error, cause);
		return NULL;
	}
	*certificate_sha256 = g_strdup(identity->certificate_sha256);
	return cms;
}

/*
 * request_signature.h. A CMS is checked against the certificates of [requests] head_trust; what it
 * signs is the form as JSON, compared member by member with what was filed, or a PDF, which an
 * operator reads. In a signed PDF, which pdfsig looks at in a process of its own, it is the
 * signature that covers all of it. Nothing is changed but the row. Any thread.
 */
#include "provision/request_signature.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "cms/cms.h"
#include "core/fold.h"
#include "directory/change.h"
#include "inspect/pdf_signature.h"
#include "inspect/pdf_signed.h"
#include "provision/people.h"
#include "provision/request_form.h"
#include "provision/row.h"

#define FORM_BYTES_MAX (8 * 1024 * 1024)
#define CMS_BYTES_MAX (64 * 1024)
#define PDF_WAIT_MS 10000
/* RFC 4514: a comma inside a value has a backslash before it. */
#define DNI_IN_SUBJECT                                                                             \
	"(?:^|(?<!\\\\)[,+])(?:serialNumber|2\\.5\\.4\\.5)=(?:PNOPE-|DNI[: "                       \
	"-]*)?([0-9]{8})(?=[,+]|$)"

static gboolean problem(json_t *row, const char *why)
{
	json_object_set_new(row, "signature_problem", json_string(why));
	return TRUE;
}

/* Whether each document that the form names is there. */
static gboolean check_stored(const Service *service, const json_t *row, GError **error)
{
	static const char *const names[] = {"scan", "signed_form", "signature", "terms"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *sha256 = row_text(row, names[i]);

		if (sha256 != NULL && !blobs_has(service->blobs, sha256))
			return api_invalid(error, names[i],
				"no such document: store it first (PUT /v1/blobs)");
	}
	return TRUE;
}

/* The bytes of a stored document of at most that size, or NULL. */
static GBytes *document(const Service *service, const char *sha256, guint64 most)
{
	guint64 size;

	if (!blobs_size(service->blobs, sha256, &size, NULL) || size > most)
		return NULL;
	return blobs_get(service->blobs, sha256, NULL);
}

static gboolean is_pdf(GBytes *form)
{
	gsize size;
	const char *text = g_bytes_get_data(form, &size);

	return size > 5 && memcmp(text, "%PDF-", 5) == 0;
}

/* Why the signed document is not this form; NULL: it is, or it is a PDF. */
static char *compare(const json_t *row, GBytes *form)
{
	gsize size;
	const char *text = g_bytes_get_data(form, &size);
	json_auto_t *signed_body = NULL, *signed_row = NULL;
	g_autoptr(GError) failure = NULL;
	const char *other;

	if (is_pdf(form))
		return NULL;
	signed_body = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(signed_body))
		return g_strdup("what is signed is neither the form in JSON nor a PDF");
	signed_row = request_form_read(signed_body, &failure);
	if (signed_row == NULL)
		return g_strdup_printf("the signed form: %s", failure->message);
	if (!request_form_same_form(row, signed_row, &other))
		return g_strdup_printf("the signed form has another %s", other);
	return NULL;
}

static Account *account_of_dni(Service *service, const char *dni)
{
	g_autofree char *uid = people_find_uid(service, dni, NULL);

	return uid != NULL ? live_directory_by_uid(service->live, uid) : NULL;
}

/* Whose certificate it is: by its address, or by the DNI in its subject. */
static Account *account_of(Service *service, const char *subject, const char *email)
{
	g_autoptr(GRegex) pattern = g_regex_new(DNI_IN_SUBJECT, 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	Account *account = email != NULL ? live_directory_by_mail(service->live, email) : NULL;

	if (account == NULL && g_regex_match(pattern, subject, 0, &match)) {
		g_autofree char *dni = g_match_info_fetch(match, 1);

		account = account_of_dni(service, dni);
	}
	return account;
}

static gboolean same_text(const char *one, const char *other)
{
	g_autofree char *folded = text_fold(one != NULL ? one : "");
	g_autofree char *other_folded = text_fold(other != NULL ? other : "");

	return *folded != '\0' && strcmp(folded, other_folded) == 0;
}

/* Whether the person answers for an office of that name. */
static gboolean answers_for(Service *service, const Account *person, const char *unit)
{
	g_autoptr(Directory) directory = directory_new(service->settings);
	g_autoptr(GPtrArray) offices = directory_offices_of(directory, person->uid, NULL);

	for (guint i = 0; offices != NULL && i < offices->len; i++) {
		const Account *office = offices->pdata[i];

		if (g_strcmp0(office->owner, person->uid) == 0 &&
			same_text(office->display_name, unit))
			return TRUE;
	}
	return FALSE;
}

static const char *why_not(Service *service, const json_t *row, const Account *account)
{
	const char *unit = row_text(row, "unit");

	if (account == NULL)
		return "the certificate is of nobody in the directory: neither by its address nor "
		       "by its DNI";
	if (account->kind != ACCOUNT_PERSON || account->state != ACCOUNT_ACTIVE)
		return "who signed has no active account";
	if (g_strcmp0(account->dni, row_text(row, "dni")) == 0)
		return "it is signed by the person whom it is about";
	if (!same_text(account->unit, unit) && !answers_for(service, account, unit))
		return "who signed is not of that unit";
	return NULL;
}

static gboolean take_signer(Service *service, json_t *row, const CmsSigner *signer)
{
	g_autoptr(Account) account =
		account_of(service, signer->signer_subject, signer->signer_email);
	const char *why = why_not(service, row, account);
	g_autofree char *time =
		signer->signing_time_s != 0 ? time_to_rfc3339(signer->signing_time_s) : NULL;

	if (why != NULL)
		return problem(row, why);
	json_object_set_new(row, "signer",
		json_pack("{s:s, s:s?, s:s?, s:s?, s:s, s:s?, s:s?}", "uid", account->uid, "name",
			account->display_name, "post", account->post, "unit", account->unit,
			"subject", signer->signer_subject, "certificate_sha256",
			signer->certificate_sha256, "time", time));
	return TRUE;
}

/* cms: the signature over content, which is the form or what of it is signed. */
static gboolean check_signed(
	Service *service, json_t *row, GBytes *form, GBytes *cms, GBytes *content)
{
	const char *trust = settings_string(service->settings, "requests", "head_trust");
	g_autoptr(CmsSigner) signer = NULL;
	g_autoptr(GError) failure = NULL;
	g_autofree char *other = NULL;

	if (trust == NULL || *trust == '\0')
		return problem(row, "[requests] head_trust names no certificates to trust");
	signer = cms_verify_detached(cms, content, trust, &failure);
	if (signer == NULL)
		return problem(row, failure->message);
	other = compare(row, form);
	return other != NULL ? problem(row, other) : take_signer(service, row, signer);
}

static gboolean check_cms(Service *service, json_t *row, GBytes *form)
{
	g_autoptr(GBytes) cms = document(service, row_text(row, "signature"), CMS_BYTES_MAX);

	return cms != NULL ? check_signed(service, row, form, cms, form)
			   : problem(row, "the signature cannot be read, or is too large");
}

/* What pdfsig says of the PDF, a new string; NULL: *why it does not count, static. */
static char *ask_pdfsig(const Service *service, GBytes *pdf, const char **why)
{
	static const char *const reasons[] = {
		[PDF_NOT_CHECKED] = "the signed PDF was not looked at",
		[PDF_UNSIGNED] = "the PDF has no signature",
		[PDF_BROKEN] = "the PDF was changed or added to after it was signed",
		[PDF_UNREADABLE] = "the signature of the PDF cannot be read",
	};
	const Settings *settings = service->settings;
	PdfChecker *checker = pdf_checker_new(settings_string(settings, "policy", "p11_pdfsig"),
		NULL, (guint64)settings_int(settings, "policy", "p11_memory_mib") * 1024 * 1024,
		PDF_WAIT_MS, 1);
	g_autofree char *detail = NULL;
	char *said = NULL;
	PdfSignature signature = pdf_checker_look_said(checker, g_bytes_get_data(pdf, NULL),
		g_bytes_get_size(pdf), pdf_checker_deadline(checker), &detail, &said);

	pdf_checker_free(checker);
	/* Whom to trust is [requests] head_trust's matter. */
	if (signature == PDF_VALID || signature == PDF_UNTRUSTED)
		return said;
	g_free(said);
	*why = reasons[signature];
	return NULL;
}

static gboolean check_pdf(Service *service, json_t *row, GBytes *pdf)
{
	/* A reader of strangers' files is started for one at a time. */
	static GMutex one_at_a_time;
	g_autoptr(GBytes) padded = NULL, content = NULL, cms = NULL;
	g_autoptr(GError) failure = NULL;
	g_autofree char *said = NULL;
	const char *why = NULL;

	g_mutex_lock(&one_at_a_time);
	said = ask_pdfsig(service, pdf, &why);
	g_mutex_unlock(&one_at_a_time);
	if (said == NULL)
		return problem(row, why);
	if (!pdf_signed_split(pdf, said, &padded, &content, &failure))
		return problem(row, failure->message);
	cms = cms_without_padding(padded);
	if (cms == NULL)
		return problem(row, "the signature in the PDF is no CMS");
	return check_signed(service, row, pdf, cms, content);
}

gboolean request_signature_check(Service *service, json_t *row, GError **error)
{
	const char *sha256 = row_text(row, "signed_form");
	g_autoptr(GBytes) form = NULL;

	json_object_del(row, "signer");
	json_object_del(row, "signature_problem");
	if (!check_stored(service, row, error))
		return FALSE;
	if (sha256 == NULL)
		return row_text(row, "signature") == NULL ||
		       problem(row, "signed_form is missing: what the signature is over");
	form = document(service, sha256, FORM_BYTES_MAX);
	if (form == NULL)
		return problem(row, "the signed form cannot be read, or is too large");
	if (row_text(row, "signature") != NULL)
		return check_cms(service, row, form);
	if (is_pdf(form))
		return check_pdf(service, row, form);
	return problem(row, "it has no signature that can be checked");
}

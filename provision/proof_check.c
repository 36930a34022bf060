/*
 * Checks a proof bundle off line (proof_check.h). What it trusts: the signature of head.json. From
 * there: inclusion proofs cover leaves, leaves cover openings, message and reports by digests, and
 * send.json is computed again. Stops at the first thing that does not hold. Uses no state outside
 * of its arguments; any thread.
 */
#include "provision/proof_check.h"

#include <string.h>

#include "api/record_json.h"
#include "base/error.h"
#include "base/text.h"
#include "cms/cms.h"
#include "cms/timestamp.h"
#include "core/merkle.h"
#include "provision/bundle_container.h"
#include "provision/bundle_format.h"
#include "provision/proof_files.h"
#include "provision/proof_parts.h"

gboolean proof_damaged(GError **error, const char *format, ...)
{
	va_list arguments;
	g_autofree char *text = NULL;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, ACUSE_ERROR, ACUSE_ERROR_DAMAGED, text);
	return FALSE;
}

void proof_say(ProofCheck *check, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(check->lines, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

GBytes *proof_take(ProofCheck *check, const char *name, GError **error)
{
	g_autofree char *key = NULL;
	gpointer stolen_key, bytes;

	if (g_hash_table_steal_extended(check->files, name, &stolen_key, &bytes)) {
		key = stolen_key;
		return bytes;
	}
	proof_damaged(error, "%s is missing", name);
	return NULL;
}

/* The same as text; NULL with DAMAGED also when it has a NUL or is no UTF-8. */
static char *take_text(ProofCheck *check, const char *name, GError **error)
{
	g_autoptr(GBytes) bytes = proof_take(check, name, error);
	gsize size;
	const char *data;

	if (bytes == NULL)
		return NULL;
	data = g_bytes_get_data(bytes, &size);
	if (size > 0 && g_utf8_validate(data, (gssize)size, NULL))
		return g_strndup(data, size);
	proof_damaged(error, "%s is no text", name);
	return NULL;
}

static gboolean check_fixed(ProofCheck *check, const char *name, const char *wanted, GError **error)
{
	g_autofree char *text = take_text(check, name, error);

	if (text == NULL)
		return FALSE;
	return strcmp(text, wanted) == 0 || proof_damaged(error, "%s is not the known text", name);
}

/* What it says beside size, root and time of the check. */
typedef struct {
	json_t *json; /* owned; holds the texts */
	const char *origin, *time;
} Head;

static void head_clear(Head *head)
{
	json_decref(head->json);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Head, head_clear)

static gboolean parse_head(ProofCheck *check, const char *text, Head *head, GError **error)
{
	json_int_t version, size;
	const char *root;

	head->json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (head->json == NULL ||
		json_unpack_ex(head->json, NULL, JSON_STRICT, "{s:I, s:s, s:I, s:s, s:s}", "v",
			&version, "origin", &head->origin, "size", &size, "root", &root, "time",
			&head->time) != 0 ||
		version != 1 || size < 1 || !merkle_hash_from_hex(root, &check->root) ||
		!time_from_rfc3339(head->time, &check->time_s))
		return proof_damaged(error, "head.json is no head");
	check->size = (guint64)size;
	return TRUE;
}

/* An authority saw the head; with trust, one that is believed. */
static gboolean check_timestamp(ProofCheck *check, GBytes *head, GError **error)
{
	g_autoptr(GBytes) answer = NULL;
	g_autofree char *time = NULL;
	gint64 time_s;

	if (!g_hash_table_contains(check->files, "head.tsr"))
		return TRUE;
	answer = proof_take(check, "head.tsr", error);
	if (answer == NULL)
		return FALSE;
	if (!timestamp_verify(answer, head, check->trust, check->time_s, &time_s, error)) {
		g_prefix_error(error, "head.tsr: ");
		return FALSE;
	}
	time = time_to_rfc3339(time_s);
	proof_say(check, _("Sello de tiempo de la cabeza: %s"), time);
	return TRUE;
}

/* Whose it is, as far as his certificate tells: an authority vouches for many. */
static gboolean check_seal(
	ProofCheck *check, const Head *head, const CmsSigner *signer, GError **error)
{
	g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, check->size);

	check->seal = g_strdup(signer->signer_subject);
	if (!cms_signer_is_of(signer, head->origin))
		return proof_damaged(error, "head.p7s: of %s, signed by %s, who is not of there",
			head->origin, signer->signer_subject);
	proof_say(check, _("Cabeza del registro de %s: %s hojas al %s, firmada por %s"),
		head->origin, size, head->time, signer->signer_subject);
	if (signer->signer_email == NULL)
		proof_say(check, _("AVISO: el certificado no dice de que institucion es"));
	if (check->trust == NULL)
		proof_say(check,
			_("AVISO: sin autoridad de confianza no se sabe de quien son las firmas"));
	return TRUE;
}

static gboolean check_head(ProofCheck *check, GError **error)
{
	g_autofree char *text = take_text(check, "head.json", error);
	g_autoptr(GBytes) cms = NULL, content = NULL;
	g_autoptr(CmsSigner) signer = NULL;
	g_auto(Head) head = {NULL, NULL, NULL};

	if (text == NULL)
		return FALSE;
	cms = proof_take(check, "head.p7s", error);
	if (cms == NULL || !parse_head(check, text, &head, error))
		return FALSE;
	content = g_bytes_new(text, strlen(text));
	signer = cms_verify_detached_at(cms, content, check->trust, check->time_s, error);
	if (signer == NULL) {
		g_prefix_error(error, "head.p7s: ");
		return FALSE;
	}
	return check_seal(check, &head, signer, error) && check_timestamp(check, content, error);
}

/* Every file is as it was when the seal signed, and the zip is the one that belongs to them. */
static gboolean check_container(ProofCheck *check, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GBytes) cms = NULL, content = NULL;
	g_autoptr(CmsSigner) signer = NULL;

	text = take_text(check, BUNDLE_MANIFEST, error);
	if (text == NULL)
		return FALSE;
	if (strcmp(text, check->manifest) != 0)
		return proof_damaged(error, "%s: a file is not as it was signed", BUNDLE_MANIFEST);
	cms = proof_take(check, BUNDLE_SIGNATURE, error);
	if (cms == NULL)
		return FALSE;
	content = g_bytes_new(text, strlen(text));
	signer = cms_verify_detached_at(cms, content, check->trust, check->time_s, error);
	if (signer == NULL) {
		g_prefix_error(error, "%s: ", BUNDLE_SIGNATURE);
		return FALSE;
	}
	if (strcmp(signer->signer_subject, check->seal) != 0)
		return proof_damaged(error, "%s: not of who signed the head", BUNDLE_SIGNATURE);
	if (!check->same_zip)
		return proof_damaged(error, "the zip has bytes that are of none of its files");
	proof_say(check, _("Paquete: todos los archivos son los que se firmaron"));
	return TRUE;
}

/* Exactly {"leaf":N,"size":M,"proof":[...]} as it is written, and true. */
static gboolean check_inclusion(ProofCheck *check, guint64 index, const char *leaf, GError **error)
{
	g_autofree char *name = g_strdup_printf("proofs/%" G_GUINT64_FORMAT ".json", index);
	g_autofree char *text = take_text(check, name, error);
	json_auto_t *json = NULL;
	g_autoptr(GArray) proof = g_array_new(FALSE, FALSE, sizeof(MerkleHash));
	json_int_t stated, size;
	json_t *list, *hex;
	MerkleHash hash;
	char *again;
	gboolean same;
	size_t i;

	if (text == NULL)
		return FALSE;
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (json == NULL ||
		json_unpack_ex(json, NULL, JSON_STRICT, "{s:I, s:I, s:o}", "leaf", &stated, "size",
			&size, "proof", &list) != 0 ||
		(guint64)stated != index || (guint64)size != check->size || !json_is_array(list))
		return proof_damaged(error, "%s is no proof for this head", name);
	again = json_dumps(json, JSON_COMPACT);
	same = strcmp(again, text) == 0;
	free(again);
	json_array_foreach(list, i, hex) {
		g_autofree char *written = NULL;

		if (!json_is_string(hex) || !merkle_hash_from_hex(json_string_value(hex), &hash))
			return proof_damaged(error, "%s has no digest where one belongs", name);
		written = merkle_hash_to_hex(&hash);
		same &= strcmp(written, json_string_value(hex)) == 0;
		g_array_append_val(proof, hash);
	}
	if (!same)
		return proof_damaged(error, "%s is not written as proofs are", name);
	merkle_leaf_hash(leaf, strlen(leaf), &hash);
	return merkle_verify_inclusion(&hash, index, check->size, proof, &check->root) ||
	       proof_damaged(
		       error, "leaf %" G_GUINT64_FORMAT " is not under the signed head", index);
}

/* The opening's exact text, checked, or NULL when there is none. */
static gboolean take_opening(
	ProofCheck *check, guint64 index, const char *leaf, char **opening, GError **error)
{
	g_autofree char *name = g_strdup_printf("openings/%" G_GUINT64_FORMAT ".json", index);
	json_auto_t *json = NULL;
	const char *field;
	json_t *value;
	char *again;
	gboolean same;

	*opening = NULL;
	if (!g_hash_table_contains(check->files, name))
		return TRUE;
	*opening = take_text(check, name, error);
	if (*opening == NULL)
		return FALSE;
	if (!record_check_opening(leaf, *opening, error)) {
		g_prefix_error(error, "%s: ", name);
		return FALSE;
	}
	json = json_loads(*opening, JSON_REJECT_DUPLICATES, NULL);
	again = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	same = g_strcmp0(again, *opening) == 0;
	free(again);
	json_object_foreach(json, field, value) {
		const char *salt = json_string_value(json_object_get(value, "salt"));

		same &= json_object_size(value) == 2 && salt != NULL &&
			salt[strspn(salt, "0123456789abcdef")] == '\0';
	}
	return same || proof_damaged(error, "%s is not written as openings are", name);
}

static gboolean check_leaf(ProofCheck *check, const char *name, GError **error)
{
	g_autofree char *text = NULL, *opening = NULL, *canonical = NULL;
	BundleLeaf *leaf;
	guint64 index;
	g_autofree char *digits = g_strndup(name + 7, strlen(name) - 7 - MIN(strlen(name) - 7, 5));

	if (!g_ascii_string_to_unsigned(digits, 10, 0, G_MAXINT64, &index, NULL))
		return proof_damaged(error, "%s: no such file belongs into a bundle", name);
	canonical = g_strdup_printf("leaves/%" G_GUINT64_FORMAT ".json", index);
	if (strcmp(canonical, name) != 0)
		return proof_damaged(error, "%s: no such file belongs into a bundle", name);
	text = take_text(check, name, error);
	if (text == NULL || !check_inclusion(check, index, text, error) ||
		!take_opening(check, index, text, &opening, error))
		return FALSE;
	leaf = bundle_leaf_new(index, text, opening, error);
	if (leaf == NULL)
		return FALSE;
	g_ptr_array_add(check->leaves, leaf);
	return TRUE;
}

static int compare_leaves(const void *a, const void *b)
{
	const BundleLeaf *left = *(BundleLeaf *const *)a, *right = *(BundleLeaf *const *)b;

	return left->index < right->index ? -1 : left->index > right->index;
}

/*
 * Whether nothing between the two was left out: each leaf names the one before it. Those of a time
 * when none did come first.
 */
static gboolean follows(const BundleLeaf *leaf, const BundleLeaf *before)
{
	const char *previous = bundle_leaf_text(leaf, "previous");
	g_autofree char *wanted = g_strdup_printf("%" G_GUINT64_FORMAT, before->index);

	return previous == NULL ? bundle_leaf_text(before, "previous") == NULL
				: strcmp(previous, wanted) == 0;
}

/* One send, one intent before all else, every recipient. */
static gboolean check_set(ProofCheck *check, GError **error)
{
	const BundleLeaf *intent;
	const char *id, *recipients;
	guint n_intents = 0, n_recipients = 0, n_prepared = 0, n_open = 0;
	g_autofree char *counted = NULL;

	if (check->leaves->len == 0)
		return proof_damaged(error, "there are no leaves");
	intent = check->leaves->pdata[0];
	id = bundle_leaf_text(intent, "id");
	for (guint i = 0; i < check->leaves->len; i++) {
		const BundleLeaf *leaf = check->leaves->pdata[i];
		const char *type = bundle_leaf_text(leaf, "type");

		if (type == NULL || id == NULL || g_strcmp0(bundle_leaf_text(leaf, "id"), id) != 0)
			return proof_damaged(error, "leaf %" G_GUINT64_FORMAT " is of another send",
				leaf->index);
		if (i > 0 && !follows(leaf, check->leaves->pdata[i - 1]))
			return proof_damaged(error,
				"between leaf %" G_GUINT64_FORMAT " and the one before it "
				"another one of the send was left out",
				leaf->index);
		n_open += bundle_leaf_is_open(leaf);
		n_intents += strcmp(type, "send.intent") == 0;
		n_recipients += strcmp(type, "send.recipient") == 0;
		n_prepared += strcmp(type, "send.prepared") == 0;
	}
	recipients = bundle_leaf_text(intent, "recipients");
	counted = g_strdup_printf("%u", n_recipients);
	if (n_intents != 1 || n_prepared > 1 ||
		g_strcmp0(bundle_leaf_text(intent, "type"), "send.intent") != 0 ||
		g_strcmp0(recipients, counted) != 0)
		return proof_damaged(error, "the leaves are not those of one whole send");
	proof_say(check,
		_("Envio %s: %u hojas incluidas en el registro, %u con sus datos abiertos"), id,
		check->leaves->len, n_open);
	return TRUE;
}

static gboolean check_leaves(ProofCheck *check, GError **error)
{
	g_autoptr(GList) names = g_hash_table_get_keys(check->files);
	g_autoptr(GPtrArray) wanted = g_ptr_array_new_with_free_func(g_free);

	for (GList *name = names; name != NULL; name = name->next)
		if (g_str_has_prefix(name->data, "leaves/"))
			g_ptr_array_add(wanted, g_strdup(name->data));
	for (guint i = 0; i < wanted->len; i++)
		if (!check_leaf(check, wanted->pdata[i], error))
			return FALSE;
	g_ptr_array_sort(check->leaves, compare_leaves);
	return check_set(check, error);
}

static gboolean check_summary(ProofCheck *check, GError **error)
{
	g_autofree char *text = take_text(check, "send.json", error);
	g_autofree char *wanted = bundle_summary(check->leaves);

	if (text == NULL)
		return FALSE;
	return strcmp(text, wanted) == 0 ||
	       proof_damaged(error, "send.json states what the leaves do not");
}

static gboolean check_nothing_left(ProofCheck *check, GError **error)
{
	GHashTableIter iter;
	gpointer name;

	g_hash_table_iter_init(&iter, check->files);
	if (!g_hash_table_iter_next(&iter, &name, NULL))
		return TRUE;
	return proof_damaged(error, "%s: no such file belongs into this bundle", (char *)name);
}

static gboolean check_all(ProofCheck *check, const char *received_eml, GError **error)
{
	g_autoptr(GBytes) readme = NULL;

	/* What it says is another edition's affair: the seal signed it. */
	return check_fixed(check, "mimetype", BUNDLE_MIMETYPE, error) &&
	       (readme = proof_take(check, "LEEME.txt", error)) != NULL &&
	       check_head(check, error) && check_container(check, error) &&
	       check_leaves(check, error) && check_summary(check, error) &&
	       proof_check_content(check, received_eml, error) && check_nothing_left(check, error);
}

/* What the caller names is there, before anything is said of the proof. */
static gboolean check_named(const char *trust, const char *received_eml, GError **error)
{
	X509_STORE *store = trust != NULL ? cms_trust_store(trust, 0) : NULL;

	if (trust != NULL && store == NULL) {
		g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND,
			"%s: no certificates can be read there", trust);
		return FALSE;
	}
	X509_STORE_free(store);
	if (received_eml == NULL || g_file_test(received_eml, G_FILE_TEST_IS_REGULAR))
		return TRUE;
	g_set_error(error, ACUSE_ERROR, ACUSE_ERROR_NOT_FOUND, "%s: no such file", received_eml);
	return FALSE;
}

gboolean proof_check(const char *path, const char *trust, const char *received_eml,
	GPtrArray *lines, GError **error)
{
	g_autofree char *first = NULL, *manifest = NULL;
	g_autoptr(GBytes) zip = NULL, again = NULL;
	g_autoptr(GHashTable) files = proof_files_read(path, &first, &zip, error);
	g_autoptr(GPtrArray) leaves =
		g_ptr_array_new_with_free_func((GDestroyNotify)bundle_leaf_free);
	ProofCheck check = {.files = files, .leaves = leaves, .trust = trust, .lines = lines};
	gboolean good;

	if (files == NULL || !check_named(trust, received_eml, error))
		return FALSE;
	if (g_strcmp0(first, "mimetype") != 0) {
		g_set_error(
			error, ACUSE_ERROR, ACUSE_ERROR_INVALID, "%s: is no proof bundle", path);
		return FALSE;
	}
	check.manifest = manifest = bundle_manifest(files);
	again = bundle_zip(files);
	check.same_zip = g_bytes_equal(zip, again);
	good = check_all(&check, received_eml, error);
	g_free(check.seal);
	return good;
}

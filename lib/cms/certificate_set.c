/*
 * certificate_set.h: walks the tags of DER, and a table by the bytes of the set. The table is one
 * for the process, under a lock; its certificates are only read. Safe in every thread.
 */
#include "cms/certificate_set.h"

#include <openssl/asn1.h>
#include <openssl/err.h>

/* [0] IMPLICIT CertificateSet, behind version, digestAlgorithms and encapContentInfo */
#define CERTIFICATES_TAG 0
#define CERTIFICATES_PLACE 3

typedef struct {
	const guint8 *start, *content, *end;
	int tag, class;
	gboolean constructed;
} Element;

static GMutex lock;
static GHashTable *sets; /* GBytes * -> STACK_OF(X509) * */

/* The element at *at, which must end at or before end; *at goes behind it. */
static gboolean next_element(const guint8 **at, const guint8 *end, Element *element)
{
	const guint8 *content = *at;
	long length;
	int how;

	if (*at >= end)
		return FALSE;
	how = ASN1_get_object(&content, &length, &element->tag, &element->class, (long)(end - *at));
	/* 0x80: an error; 1: a length that is not said (BER). */
	if ((how & 0x80) != 0 || (how & 1) != 0)
		return FALSE;
	element->start = *at;
	element->content = content;
	element->end = *at = content + length;
	element->constructed = (how & V_ASN1_CONSTRUCTED) != 0;
	return TRUE;
}

static gboolean next_constructed(const guint8 **at, const guint8 *end, int class, int tag)
{
	Element element;

	if (!next_element(at, end, &element) || element.class != class || element.tag != tag ||
		!element.constructed || element.end != end)
		return FALSE;
	*at = element.content;
	return TRUE;
}

static void wrap(GByteArray *bytes, int class, int tag)
{
	guint8 header[16], *end = header;

	ASN1_put_object(&end, 1, (int)bytes->len, tag, class);
	g_byte_array_prepend(bytes, header, (guint)(end - header));
}

static GBytes *part_of(GBytes *der, const Element *element)
{
	const guint8 *data = g_bytes_get_data(der, NULL);

	return g_bytes_new_from_bytes(
		der, (gsize)(element->start - data), (gsize)(element->end - element->start));
}

/* The members of the SignedData but one, which *set becomes. NULL: it does not stand in its place,
 * the fourth, alone. */
static GByteArray *without_set(GBytes *der, const guint8 *at, const guint8 *end, GBytes **set)
{
	g_autoptr(GByteArray) rest = g_byte_array_new();
	g_autoptr(GBytes) found = NULL;
	Element element;

	for (guint place = 0; next_element(&at, end, &element); place++) {
		gboolean wanted =
			element.class == V_ASN1_CONTEXT_SPECIFIC && element.tag == CERTIFICATES_TAG;

		if (wanted != (place == CERTIFICATES_PLACE))
			return NULL;
		if (wanted)
			found = part_of(der, &element);
		else
			g_byte_array_append(
				rest, element.start, (guint)(element.end - element.start));
	}
	if (at != end || found == NULL)
		return NULL;
	*set = g_steal_pointer(&found);
	return g_steal_pointer(&rest);
}

GBytes *certificate_set_split(GBytes *der, GBytes **set)
{
	gsize size;
	const guint8 *at = g_bytes_get_data(der, &size);
	const guint8 *end = at + size;
	GByteArray *rest = NULL;
	Element type;

	*set = NULL;
	/* ContentInfo { contentType, [0] SignedData { ... } } */
	if (size <= G_MAXINT32 && next_constructed(&at, end, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE) &&
		next_element(&at, end, &type) && type.tag == V_ASN1_OBJECT &&
		next_constructed(&at, end, V_ASN1_CONTEXT_SPECIFIC, 0) &&
		next_constructed(&at, end, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE))
		rest = without_set(der, at, end, set);
	ERR_clear_error();
	if (rest == NULL)
		return NULL;
	wrap(rest, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE);
	wrap(rest, V_ASN1_CONTEXT_SPECIFIC, 0);
	g_byte_array_prepend(rest, type.start, (guint)(type.end - type.start));
	wrap(rest, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE);
	return g_byte_array_free_to_bytes(rest);
}

static void stack_free(gpointer data)
{
	sk_X509_pop_free((STACK_OF(X509) *)data, X509_free);
}

static void free_bytes(gpointer data)
{
	g_bytes_unref(data);
}

STACK_OF(X509) * certificate_set_find(GBytes *set)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
	STACK_OF(X509) *known = sets != NULL ? g_hash_table_lookup(sets, set) : NULL;

	return known != NULL ? X509_chain_up_ref(known) : NULL;
}

void certificate_set_keep(GBytes *set, STACK_OF(X509) * certificates)
{
	g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
	STACK_OF(X509) *kept = X509_chain_up_ref(certificates);
	gsize size;
	gconstpointer data = g_bytes_get_data(set, &size);

	if (kept == NULL)
		return;
	if (sets == NULL)
		sets = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, free_bytes, stack_free);
	if (g_hash_table_size(sets) >= CERTIFICATE_SET_MAX)
		g_hash_table_remove_all(sets);
	/* Of its own: the set is a part of a whole CMS. */
	g_hash_table_replace(sets, g_bytes_new(data, size), kept);
}

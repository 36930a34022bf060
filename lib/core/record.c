/*
 * Records of the ledger before they are JSON (record.h), and the commitment of a personal field.
 * Fails only on a salt that is not hex. No shared state.
 */
#include "core/record.h"

#include <string.h>

#include "base/hex.h"
#include "core/sha256.h"

static void free_field(gpointer data)
{
	RecordField *field = data;

	g_free(field->name);
	g_free(field->value);
	g_free(field->salt);
	g_free(field);
}

Record *record_new(const char *type, const char *id, gint64 time_s)
{
	Record *record = g_new0(Record, 1);

	record->type = g_strdup(type);
	record->id = g_strdup(id);
	record->time_s = time_s;
	record->fields = g_ptr_array_new_with_free_func(free_field);
	return record;
}

void record_free(Record *record)
{
	if (record == NULL)
		return;
	g_free(record->type);
	g_free(record->id);
	g_ptr_array_unref(record->fields);
	g_free(record);
}

static RecordField *find_field(const Record *record, const char *name)
{
	for (guint i = 0; i < record->fields->len; i++) {
		RecordField *field = record->fields->pdata[i];

		if (strcmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

static RecordField *add_field(Record *record, const char *name, const char *value)
{
	RecordField *field = find_field(record, name);

	if (field == NULL) {
		field = g_new0(RecordField, 1);
		field->name = g_strdup(name);
		g_ptr_array_add(record->fields, field);
	}
	g_free(field->value);
	g_clear_pointer(&field->salt, g_free);
	field->personal = FALSE;
	/* Leaf, opening and commitment must speak of the same bytes, and JSON has only UTF-8. */
	field->value = g_utf8_make_valid(value, -1);
	return field;
}

void record_add(Record *record, const char *name, const char *value)
{
	if (value != NULL)
		add_field(record, name, value);
}

void record_add_int(Record *record, const char *name, gint64 value)
{
	char text[24];

	g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT, value);
	add_field(record, name, text);
}

void record_add_personal(Record *record, const char *name, const char *value, const guint8 *salt)
{
	RecordField *field;

	if (value == NULL)
		return;
	field = add_field(record, name, value);
	field->personal = TRUE;
	field->salt = hex_of_bytes(salt, RECORD_SALT_BYTES);
}

char *record_commitment(const char *salt_hex, const char *value)
{
	guint8 salt[RECORD_SALT_BYTES], digest[SHA256_BYTES];
	const Sha256Part parts[] = {{salt, sizeof salt}, {value, strlen(value)}};

	if (strlen(salt_hex) != 2 * sizeof salt || !hex_to_bytes(salt_hex, salt, sizeof salt))
		return NULL;
	sha256_of(parts, G_N_ELEMENTS(parts), digest);
	return hex_of_bytes(digest, sizeof digest);
}

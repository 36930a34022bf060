/*
 * A record of the ledger before it is JSON: type, id, time and fields in order. A personal field
 * (names, addresses, subject) stands in the leaf as a commitment SHA-256(salt || value) and is
 * kept, with its salt, in the opening, which can be purged without touching the tree (DESIGN 4).
 */
#ifndef ACUSE_CORE_RECORD_H
#define ACUSE_CORE_RECORD_H

#include <glib.h>

#define RECORD_SALT_BYTES 16

typedef struct {
	char *name;
	char *value;	   /* UTF-8 */
	gboolean personal; /* committed, not written */
	char *salt;	   /* hex of RECORD_SALT_BYTES; only for personal fields */
} RecordField;

typedef struct {
	char *type; /* "send.intent", "send.prepared", "event", "request.filed", ... */
	char *id;   /* of what it is about: send id, request id, uid */
	gint64 time_s;
	GPtrArray *fields; /* RecordField * */
} Record;

Record *record_new(const char *type, const char *id, gint64 time_s);
void record_free(Record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Record, record_free)

/* A NULL value adds nothing; a name that is there gets the new value. */
void record_add(Record *record, const char *name, const char *value);
void record_add_int(Record *record, const char *name, gint64 value);
/* salt: RECORD_SALT_BYTES random bytes, from the caller. */
void record_add_personal(Record *record, const char *name, const char *value, const guint8 *salt);

/* hex SHA-256(salt bytes || value bytes); salt in hex. NULL when the salt is not hex. */
char *record_commitment(const char *salt_hex, const char *value);

#endif

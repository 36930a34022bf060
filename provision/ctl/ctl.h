/*
 * acusectl: one table of commands. A command that is one call of the API is a row of
 * api_commands.c; the others (ledger, proof, token unlock, check) have a file each. Exit status: 0
 * done, 1 refused or failed, 2 wrong usage.
 */
#ifndef ACUSE_CTL_CTL_H
#define ACUSE_CTL_CTL_H

#include <glib.h>

#include "api/client.h"

#define CTL_MAX_OPTIONS 8

typedef struct {
	ApiClient *api;
	gboolean json;		 /* --json */
	const char *config_path; /* --config */
} Ctl;

typedef struct {
	const char *name;   /* "reasons": given as --reasons VALUE */
	const char *member; /* of the request body; NULL: read by the command itself */
	gboolean required;
	gboolean list; /* may be given several times: a JSON array */
	char letter;   /* short form: -o; 0: none */
	gboolean flag; /* stands alone, without a value; never required */
} CtlOption;

typedef struct _Command Command;
struct _Command {
	const char *noun, *verb;
	const char *arguments; /* of the usage line: "ID"; "" when there are none */
	guint n_arguments;
	CtlOption options[CTL_MAX_OPTIONS]; /* ends with name NULL */
	const char *help;		    /* Spanish, one sentence */
	const char *method, *path; /* what an API row needs; each "{}" of the path is an argument */
	gboolean (*run)(Ctl *ctl, const Command *command, char **arguments, GHashTable *options,
		GError **error);
	const char *argument_member; /* the argument goes into the body under this name; or NULL */
	const char *columns;	     /* what a list shows to people; NULL: everything */
	guint n_optional;	     /* arguments that may follow; NULL stands behind the last */
};

/* Each ends with noun NULL. */
extern const Command api_commands[];
extern const Command ledger_commands[];
extern const Command proof_commands[];
extern const Command token_unlock_commands[];
extern const Command check_commands[];
extern const Command signature_commands[];
extern const Command policy_commands[];
extern const Command import_commands[];
extern const Command people_commands[];
extern const Command request_commands[];
extern const Command calendar_commands[];
extern const Command backup_commands[];

/* A whole file, or standard input for "-", which is cut over 1 MiB; *size may be over it. */
gboolean ctl_read_input(const char *path, char **text, gsize *size, GError **error);

/* A JSON object out of a file, or "-"; a new reference, or NULL with the place of a mistake. */
json_t *ctl_read_json(const char *path, GError **error);

/* Value of an option given once, or NULL; of a flag "" when it is given. */
const char *ctl_option(GHashTable *options, const char *name);

/* Prints an answer: the JSON itself under --json, else text for people. */
void ctl_print(const Ctl *ctl, const Command *command, const json_t *answer);

#endif

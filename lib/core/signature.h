/*
 * The signature block as text and HTML (P4, DI-002 art. 5): templates with variables in braces,
 * filled with what the directory says. Pure. Template lines end with LF; a line that has variables
 * of which none has a value disappears. Variables: {name} {post} {unit} {institution} {extension}
 * {phone}, in HTML {logo} too. Braces around anything else but letters are plain text.
 */
#ifndef ACUSE_CORE_SIGNATURE_H
#define ACUSE_CORE_SIGNATURE_H

#include <glib.h>

#include "core/account.h"

typedef enum { SIGNATURE_AT_END, SIGNATURE_BEFORE_QUOTE } SignaturePosition;

#define SIGNATURE_MAX_TEMPLATE_BYTES (16 * 1024)
#define SIGNATURE_MAX_VALUE_CHARS 200 /* longer ones are cut */

/* How the blocks of an institution look; immutable once made. */
typedef struct {
	char *text_template, *html_template;
	SignaturePosition position;
	gboolean refuse_protected; /* a mail that cannot take the block is refused */
	GBytes *logo;		   /* NULL: none */
	char *logo_type;	   /* "image/png" */
	char *logo_id;		   /* Content-ID without brackets */
	char *acknowledge;	   /* what a notification asks of its citizen; NULL: nothing */
} SignatureSettings;

/* With the built-in templates. */
SignatureSettings *signature_settings_new(void);
void signature_settings_free(SignatureSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignatureSettings, signature_settings_free)

/* Takes the image; its Content-ID is made of its bytes. type: static. */
void signature_set_logo(SignatureSettings *settings, GBytes *logo, const char *type);

/*
 * Whether a template may be used: UTF-8, within the limit, known variables only, and the items that
 * art. 5 demands in its order: name, post or unit, institution, extension or phone.
 * ACUSE_ERROR_INVALID with the reason.
 */
gboolean signature_check_template(const char *text, gboolean html, GError **error);

/* What stands in a block; NULL or "" where there is nothing. */
typedef struct {
	const char *name, *post, *unit, *institution, *extension, *phone;
} SignatureValues;

/* Whose block it is: the person's name and post; of an office its name as unit, and its extension.
 * Borrowed strings. office may be NULL. */
SignatureValues signature_values(
	const Account *person, const Account *office, const char *institution, const char *phone);

/* New strings, UTF-8, LF, no final line end; "" when every value is empty. HTML has its values
 * escaped. */
char *signature_text(const SignatureSettings *settings, const SignatureValues *values);
char *signature_html(const SignatureSettings *settings, const SignatureValues *values);

/*
 * What stands under a notification's block (D4): the sentence of `acknowledge`, and the return
 * address, in HTML as a mailto link with subject and text filled in, so that one click and "send"
 * acknowledge. expediente: NULL for none. New string; NULL when nothing is asked.
 */
char *signature_request_text(const SignatureSettings *settings, const char *return_address);
char *signature_request_html(
	const SignatureSettings *settings, const char *return_address, const char *expediente);

/* The values that stand in both blocks, in order; NULL-terminated. */
char **signature_items(const SignatureSettings *settings, const SignatureValues *values);

#endif

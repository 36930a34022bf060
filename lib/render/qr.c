/* paper_qr over libqrencode: medium correction, so that a stamp over it does no harm. */
#include "render/paper.h"

#include <qrencode.h>

guint8 *paper_qr(const char *text, guint *side)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	guint8 *modules;

	if (code == NULL)
		return NULL;
	*side = (guint)code->width;
	modules = g_malloc(*side * *side);
	for (guint i = 0; i < *side * *side; i++)
		modules[i] = code->data[i] & 1;
	QRcode_free(code);
	return modules;
}

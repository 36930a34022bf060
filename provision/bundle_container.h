/*
 * The container of a proof bundle (ETSI EN 319 162-1, ASiC-E with CAdES): the manifest that its
 * signature covers, and the zip itself. Both are functions of the files alone, so the check makes
 * them again and compares every byte, the zip's own fields among them. Pure.
 */
#ifndef ACUSE_PROVISION_BUNDLE_CONTAINER_H
#define ACUSE_PROVISION_BUNDLE_CONTAINER_H

#include <glib.h>

#define BUNDLE_MANIFEST "META-INF/ASiCManifest.xml"
#define BUNDLE_SIGNATURE "META-INF/signature.p7s"

/* files: name -> GBytes. The exact text of BUNDLE_MANIFEST: every file but those that the standard
 * leaves out (mimetype, META-INF), by name. A new string. */
char *bundle_manifest(GHashTable *files);

/*
 * The zip of the files: mimetype first, then META-INF, then the rest by name; stored, without time
 * or any other field of the machine that makes it. Names are ASCII, all bytes together at most
 * BUNDLE_MAX_BYTES.
 */
GBytes *bundle_zip(GHashTable *files);

#endif

/*
 * Private to lib/inspect: what a stranger packed is unpacked by acuse-look, a process of its own
 * with limits of memory, CPU, files and time, which may not reach the network nor start programs.
 * To it go, on standard input, the file's path and its bytes; from it come the findings.
 */
#ifndef ACUSE_INSPECT_APART_H
#define ACUSE_INSPECT_APART_H

#include "inspect/place.h"

/* As place_look_here, in a process of options->looker. When that crashes, is killed or says too
 * much, *place->trouble is UNAVAILABLE. */
void apart_look(const Place *place, Bytes bytes, ContentKind kind);

/*
 * That process's side: looks at standard input as its arguments say, and writes what it found to
 * standard output. The exit status, 0 when all was written.
 */
int apart_serve(int argc, char **argv);

#endif

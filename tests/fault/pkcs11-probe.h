/*
 * What a PKCS#11 module that was taken over would try from within its process: the shim
 * (pkcs11-shim.c) does it when its control file asks for a probe.
 */
#ifndef ACUSE_TESTS_FAULT_PKCS11_PROBE_H
#define ACUSE_TESTS_FAULT_PKCS11_PROBE_H

#include <stddef.h>

#define PROBE_MAX_LINE 256
#define PROBE_MAX_TRIES 8
#define PROBE_MAX_SOUGHT 64

typedef struct {
	int wanted, n_tries;
	char tries[PROBE_MAX_TRIES][PROBE_MAX_LINE]; /* files to open */
	unsigned char sought[PROBE_MAX_SOUGHT];	     /* bytes to look for, XOR 0xff */
	size_t n_sought;
} Probe;

/* What was tried; a result below 0: errno says why not. */
typedef void (*ProbeTell)(const char *what, long result);

/* 1: the line of the control file ("try PATH", "seek HEX") was one for probes. */
int probe_read_line(const char *word, const char *line, Probe *probe);
void probe_run(const Probe *probe, ProbeTell tell);

#endif

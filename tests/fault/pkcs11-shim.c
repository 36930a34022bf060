/*
 * A PKCS#11 module that fails on demand, over a real one (SoftHSM) opened with dlopen. The program
 * under test is given this file as its module; a small file named by PKCS11_SHIM_CONTROL says what
 * shall go wrong, and is read again at each call, so that a test changes it while the program runs.
 * Lines, any number of them:
 *
 *	fail FUNCTION CODE [AFTER]	after AFTER good calls (0) of the process it answers CODE
 *					(0x...), without calling the real one
 *	delay FUNCTION MILLISECONDS
 *	crash FUNCTION [AFTER]		the process ends by SIGSEGV
 *	probe FUNCTION			what the process may still do is written to CONTROL.probe
 *	try PATH			a probe opens this file too
 *	seek HEX			a probe looks for these bytes, each of them XOR 0xff, in the
 *					memory of the process, and tells how often they are there
 *	only LABEL			the faults above, where they stand after it, are for a
 *					process that logged in to this token
 *	absent [LABEL]			no slot has a token (this token), and its sessions are gone
 *	serial LABEL SERIAL		the token shows another serial number
 *	lock-after N			at the N-th wrong PIN in a row the PIN is locked; before it
 *					the flags CKF_USER_PIN_COUNT_LOW and CKF_USER_PIN_FINAL_TRY
 *					show as on a card. Removing the line does not unlock.
 *
 * Each call of a watched function adds "FUNCTION PID\n" to CONTROL.calls. PKCS11_SHIM_MODULE names
 * the real module (SoftHSM's when unset). A control line that cannot be read ends the process.
 * Wrong PINs are counted in CONTROL.wrong-pins, over processes, as a card counts them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11-probe.h"

#define DEFAULT_MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define MAX_PATH 4096
#define MAX_LINE PROBE_MAX_LINE
#define LABEL_BYTES 32	/* PKCS#11, padded with blanks */
#define SERIAL_BYTES 16 /* the same */

/* The functions that are watched; the others go straight to the real module. */
/* clang-format off */
#define WATCHED(X)                                                                                 \
	X(C_Initialize)                                                                            \
	X(C_Finalize) X(C_GetSlotList) X(C_GetSlotInfo) X(C_GetTokenInfo) X(C_OpenSession)         \
		X(C_CloseSession) X(C_GetSessionInfo) X(C_Login) X(C_Logout) X(C_FindObjectsInit)  \
			X(C_FindObjects) X(C_FindObjectsFinal) X(C_GetAttributeValue)              \
				X(C_SignInit) X(C_Sign) X(C_GenerateRandom)
/* clang-format on */

#define NUMBER(name) N_##name,
enum { WATCHED(NUMBER) N_WATCHED };
#define NAME(name) #name,
static const char *const names[N_WATCHED] = {WATCHED(NAME)};

typedef struct {
	CK_RV code;			   /* CKR_OK: none */
	long after, delay_ms, crash_after; /* -1: no crash */
	Probe probe;
	int absent; /* all tokens */
	char absent_label[LABEL_BYTES + 1];
	char serial_label[LABEL_BYTES + 1], serial[SERIAL_BYTES + 1];
	long lock_after; /* 0: no lock */
	int others;	 /* lines that follow are for another process */
} Faults;

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST shim;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_long counts[N_WATCHED];
static char logged_in[LABEL_BYTES + 1]; /* label of the token */

static void die(const char *why)
{
	fprintf(stderr, "pkcs11-shim: %s\n", why);
	_exit(99);
}

static void control_path(char *path, const char *ending)
{
	const char *control = getenv("PKCS11_SHIM_CONTROL");

	if (control == NULL || strlen(control) + strlen(ending) >= MAX_PATH)
		die("PKCS11_SHIM_CONTROL names no file");
	strcpy(path, control);
	strcat(path, ending);
}

static void append_line(const char *ending, const char *line)
{
	char path[MAX_PATH];
	int fd;

	control_path(path, ending);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		die("the calls cannot be counted");
	close(fd);
}

/* Bytes of a file; 0 when it is absent. */
static long size_of(const char *ending)
{
	char path[MAX_PATH];
	FILE *file;
	long size = 0;

	control_path(path, ending);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fseek(file, 0, SEEK_END) == 0)
		size = ftell(file);
	fclose(file);
	return size;
}

/* TRUE: the line says which token. */
static int read_token_line(const char *word, const char *line, Faults *faults)
{
	char label[LABEL_BYTES + 1] = "";

	if (strcmp(word, "only") == 0 && sscanf(line, "%*s %32s", label) == 1)
		faults->others = strcmp(label, logged_in) != 0;
	else if (strcmp(word, "absent") == 0)
		faults->absent = sscanf(line, "%*s %32s", faults->absent_label) != 1;
	else
		return strcmp(word, "serial") == 0 &&
		       sscanf(line, "%*s %32s %16s", faults->serial_label, faults->serial) == 2;
	return 1;
}

static void read_line(const char *line, int number, Faults *faults)
{
	char word[32] = "", function[64] = "", code[32] = "";
	int others = faults->others;
	long value = 0;

	if (sscanf(line, "%31s", word) != 1 || word[0] == '#')
		return;
	if (read_token_line(word, line, faults) || probe_read_line(word, line, &faults->probe)) {
		return;
	} else if (strcmp(word, "lock-after") == 0 && sscanf(line, "%*s %ld", &value) == 1) {
		faults->lock_after = value;
	} else if (strcmp(word, "fail") == 0 &&
		   sscanf(line, "%*s %63s %31s %ld", function, code, &value) >= 2) {
		if (strcmp(function, names[number]) == 0 && !others) {
			faults->code = (CK_RV)strtoul(code, NULL, 0);
			faults->after = value;
		}
	} else if (strcmp(word, "delay") == 0 &&
		   sscanf(line, "%*s %63s %ld", function, &value) == 2) {
		if (strcmp(function, names[number]) == 0 && !others)
			faults->delay_ms = value;
	} else if (strcmp(word, "probe") == 0 && sscanf(line, "%*s %63s", function) == 1) {
		if (strcmp(function, names[number]) == 0 && !others)
			faults->probe.wanted = 1;
	} else if (strcmp(word, "crash") == 0 &&
		   sscanf(line, "%*s %63s %ld", function, &value) >= 1) {
		if (strcmp(function, names[number]) == 0 && !others)
			faults->crash_after = value;
	} else {
		die(line);
	}
}

static Faults read_control(int number)
{
	Faults faults = {.code = CKR_OK, .crash_after = -1};
	char path[MAX_PATH], line[MAX_LINE];
	FILE *file;

	control_path(path, "");
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		read_line(line, number, &faults);
	if (file != NULL)
		fclose(file);
	return faults;
}

static void tell(const char *what, long result)
{
	char line[MAX_LINE + 32];

	snprintf(line, sizeof line, "%s %ld\n", what, result < 0 ? -(long)errno : result);
	append_line(".probe", line);
}

/* What the control file asks before a call; CKR_OK: go on to the real one. */
static CK_RV before(int number, Faults *faults)
{
	char line[64];
	long count = atomic_fetch_add(&counts[number], 1);

	*faults = read_control(number);
	snprintf(line, sizeof line, "%s %d\n", names[number], (int)getpid());
	append_line(".calls", line);
	if (faults->delay_ms > 0) {
		struct timespec pause = {
			faults->delay_ms / 1000, faults->delay_ms % 1000 * 1000000};

		nanosleep(&pause, NULL);
	}
	if (faults->probe.wanted)
		probe_run(&faults->probe, tell);
	if (faults->crash_after >= 0 && count >= faults->crash_after) {
		/* At once: a sanitizer's handler would first tell all it knows. */
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
	}
	return faults->code != CKR_OK && count >= faults->after ? faults->code : CKR_OK;
}

static void unpad(char *text, const unsigned char *padded, size_t size)
{
	memcpy(text, padded, size);
	text[size] = '\0';
	while (size > 0 && text[size - 1] == ' ')
		text[--size] = '\0';
}

static int is_absent(const Faults *faults, const char *label)
{
	return faults->absent || (*label != '\0' && strcmp(faults->absent_label, label) == 0);
}

static int slot_is_absent(const Faults *faults, CK_SLOT_ID slot)
{
	char label[LABEL_BYTES + 1] = "";
	CK_TOKEN_INFO info;

	if (real->C_GetTokenInfo(slot, &info) == CKR_OK)
		unpad(label, info.label, LABEL_BYTES);
	return is_absent(faults, label);
}

/* For functions that need nothing but the real one, or that a pulled token makes fail. */
#define PASS(name, absent_code, parameters, arguments)                                             \
	static CK_RV shim_##name parameters                                                        \
	{                                                                                          \
		Faults faults;                                                                     \
		CK_RV code = before(N_##name, &faults);                                            \
                                                                                                   \
		if (code == CKR_OK && is_absent(&faults, logged_in))                               \
			code = absent_code;                                                        \
		return code == CKR_OK ? real->name arguments : code;                               \
	}

PASS(C_Initialize, CKR_OK, (void *args), (args))
PASS(C_Finalize, CKR_OK, (void *reserved), (reserved))
PASS(C_OpenSession, CKR_TOKEN_NOT_PRESENT,
	(CK_SLOT_ID slot, CK_FLAGS flags, void *data, CK_NOTIFY notify, CK_SESSION_HANDLE *session),
	(slot, flags, data, notify, session))
PASS(C_CloseSession, CKR_SESSION_HANDLE_INVALID, (CK_SESSION_HANDLE session), (session))
PASS(C_GetSessionInfo, CKR_DEVICE_REMOVED, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info),
	(session, info))
PASS(C_Logout, CKR_DEVICE_REMOVED, (CK_SESSION_HANDLE session), (session))
PASS(C_FindObjectsInit, CKR_DEVICE_REMOVED,
	(CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, CK_ULONG n_wanted),
	(session, wanted, n_wanted))
PASS(C_FindObjects, CKR_DEVICE_REMOVED,
	(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG room, CK_ULONG *n_objects),
	(session, objects, room, n_objects))
PASS(C_FindObjectsFinal, CKR_DEVICE_REMOVED, (CK_SESSION_HANDLE session), (session))
PASS(C_GetAttributeValue, CKR_DEVICE_REMOVED,
	(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *values,
		CK_ULONG n_values),
	(session, object, values, n_values))
PASS(C_SignInit, CKR_DEVICE_REMOVED,
	(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),
	(session, mechanism, key))
PASS(C_GenerateRandom, CKR_DEVICE_REMOVED,
	(CK_SESSION_HANDLE session, unsigned char *bytes, CK_ULONG size), (session, bytes, size))

static CK_RV shim_C_GetSlotList(unsigned char token_present, CK_SLOT_ID *slots, CK_ULONG *n_slots)
{
	Faults faults;
	CK_RV code = before(N_C_GetSlotList, &faults);

	if (code != CKR_OK)
		return code;
	if (!faults.absent || !token_present)
		return real->C_GetSlotList(token_present, slots, n_slots);
	*n_slots = 0;
	return CKR_OK;
}

static CK_RV shim_C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	Faults faults;
	CK_RV code = before(N_C_GetSlotInfo, &faults);

	if (code == CKR_OK)
		code = real->C_GetSlotInfo(slot, info);
	if (code == CKR_OK && slot_is_absent(&faults, slot))
		info->flags &= ~(CK_FLAGS)CKF_TOKEN_PRESENT;
	return code;
}

static CK_RV shim_C_Sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG size,
	unsigned char *signature, CK_ULONG *signature_size)
{
	Faults faults;
	CK_RV code = before(N_C_Sign, &faults);
	unsigned char unused[1024];
	CK_ULONG room = sizeof unused;

	if (code == CKR_OK && is_absent(&faults, logged_in))
		code = CKR_DEVICE_REMOVED;
	if (code == CKR_OK)
		return real->C_Sign(session, data, size, signature, signature_size);
	/* A failed signature ends the operation: the real module has to know it too. */
	real->C_Sign(session, data, size, unused, &room);
	return code;
}

static int is_locked(const Faults *faults)
{
	return faults->lock_after > 0 && size_of(".wrong-pins") >= faults->lock_after;
}

static void show_serial(const Faults *faults, CK_TOKEN_INFO *info)
{
	char label[LABEL_BYTES + 1];

	unpad(label, info->label, LABEL_BYTES);
	if (*faults->serial_label == '\0' || strcmp(faults->serial_label, label) != 0)
		return;
	memset(info->serialNumber, ' ', SERIAL_BYTES);
	memcpy(info->serialNumber, faults->serial, strlen(faults->serial));
}

static void note_login(CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;
	CK_TOKEN_INFO token;

	if (real->C_GetSessionInfo(session, &info) == CKR_OK &&
		real->C_GetTokenInfo(info.slotID, &token) == CKR_OK)
		unpad(logged_in, token.label, LABEL_BYTES);
}

static CK_RV shim_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	Faults faults;
	CK_RV code = before(N_C_GetTokenInfo, &faults);
	long wrong;

	if (code == CKR_OK && slot_is_absent(&faults, slot))
		code = CKR_TOKEN_NOT_PRESENT;
	if (code == CKR_OK)
		code = real->C_GetTokenInfo(slot, info);
	if (code == CKR_OK)
		show_serial(&faults, info);
	if (code != CKR_OK || faults.lock_after <= 0)
		return code;
	wrong = size_of(".wrong-pins");
	if (wrong > 0)
		info->flags |= CKF_USER_PIN_COUNT_LOW;
	if (wrong == faults.lock_after - 1)
		info->flags |= CKF_USER_PIN_FINAL_TRY;
	if (wrong >= faults.lock_after)
		info->flags |= CKF_USER_PIN_LOCKED;
	return CKR_OK;
}

static CK_RV shim_C_Login(
	CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG size)
{
	Faults faults;
	CK_RV code;
	char path[MAX_PATH];

	note_login(session);
	code = before(N_C_Login, &faults);
	if (code == CKR_OK && is_absent(&faults, logged_in))
		code = CKR_DEVICE_REMOVED;
	if (code == CKR_OK && is_locked(&faults))
		code = CKR_PIN_LOCKED;
	if (code != CKR_OK)
		return code;
	code = real->C_Login(session, user, pin, size);
	if (faults.lock_after <= 0)
		return code;
	if (code == CKR_PIN_INCORRECT) {
		append_line(".wrong-pins", "x");
		return is_locked(&faults) ? CKR_PIN_LOCKED : code;
	}
	if (code == CKR_OK) {
		control_path(path, ".wrong-pins");
		unlink(path);
	}
	return code;
}

static CK_RV shim_C_GetFunctionList(CK_FUNCTION_LIST **list);

static void load(void)
{
	const char *path = getenv("PKCS11_SHIM_MODULE");
	void *module = dlopen(path != NULL ? path : DEFAULT_MODULE, RTLD_NOW | RTLD_LOCAL);
	CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;

	if (module != NULL)
		get = (CK_RV(*)(CK_FUNCTION_LIST **))dlsym(module, "C_GetFunctionList");
	if (get == NULL || get(&real) != CKR_OK)
		die("the real module does not load");
	shim = *real;
#define OVERRIDE(name) shim.name = shim_##name;
	WATCHED(OVERRIDE)
	shim.C_GetFunctionList = shim_C_GetFunctionList;
}

static CK_RV shim_C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	pthread_once(&once, load);
	*list = &shim;
	return CKR_OK;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	return shim_C_GetFunctionList(list);
}

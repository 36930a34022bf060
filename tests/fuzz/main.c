/*
 * The main of a fuzz target where libFuzzer brings none: runs every file of the folders and files
 * named, or of the target's own seeds. Input that hangs ends the program. So seeds and what was
 * found once are tried with any compiler.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_AN_INPUT 60 /* far over what any takes, under valgrind too */

static guint tried;

static void run_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *bytes = NULL;
	g_autofree uint8_t *exact = NULL;
	gsize size;

	if (!g_file_get_contents(path, &bytes, &size, &error)) {
		fprintf(stderr, "%s\n", error->message);
		exit(1);
	}
	/* Without the NUL that GLib adds, so that reading over the end is noticed. */
	exact = g_memdup2(bytes, size);
	fprintf(stderr, "%s\n", path);
	alarm(SECONDS_AN_INPUT);
	LLVMFuzzerTestOneInput(exact, size);
	alarm(0);
	tried++;
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void run_path(const char *path)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) folder = NULL;
	const char *name;

	if (!g_file_test(path, G_FILE_TEST_IS_DIR)) {
		run_file(path);
		return;
	}
	folder = g_dir_open(path, 0, NULL);
	while (folder != NULL && (name = g_dir_read_name(folder)) != NULL)
		g_ptr_array_add(names, g_build_filename(path, name, NULL));
	g_ptr_array_sort(names, compare_names);
	for (guint i = 0; i < names->len; i++)
		run_path(names->pdata[i]);
}

int main(int argc, char **argv)
{
	g_autofree char *program = g_path_get_basename(argv[0]);
	const char *target = g_str_has_prefix(program, "fuzz-") ? program + 5 : program;
	g_autofree char *seeds = g_build_filename(FUZZ_SEEDS, target, NULL);

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	if (argc < 2)
		run_path(seeds);
	for (int i = 1; i < argc; i++)
		run_path(argv[i]);
	printf("%u inputs\n", tried);
	return tried > 0 ? 0 : 1;
}

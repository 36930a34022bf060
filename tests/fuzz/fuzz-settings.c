/* acuse.conf: refused with a reason, or every setting has a value of its type and range. */
#include "tests/fuzz/fuzz.h"

#include <unistd.h>

#include "base/settings.h"

static void check_values(const Settings *settings)
{
	for (const SettingRow *row = settings_table; row->group != NULL; row++) {
		gint64 number;

		switch (row->type) {
		case SETTING_INT:
			number = settings_int(settings, row->group, row->key);
			FUZZ_PROMISE(
				(number >= row->min && number <= row->max) || row->fallback == NULL,
				"%s is out of range", row->key);
			break;
		case SETTING_LIST:
			settings_list(settings, row->group, row->key);
			break;
		case SETTING_USER:
			settings_uid(settings, row->group, row->key);
			break;
		default:
			fuzz_check_utf8(settings_string(settings, row->group, row->key), row->key);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *path = NULL;
	int fd = fuzz_file_new(data, size, &path);
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = settings_load(path, &error);

	close(fd);
	fuzz_check_error(settings != NULL, error, "settings_load");
	if (settings != NULL)
		check_values(settings);
	return 0;
}

noinst_LIBRARIES += lib/api/libapi.a
lib_api_libapi_a_SOURCES = \
	lib/api/client.c lib/api/client.h \
	lib/api/fetch.c lib/api/fetch.h \
	lib/api/json_scan.c lib/api/json_scan.h \
	lib/api/record_json.c lib/api/record_json.h \
	lib/api/report_json.c \
	lib/api/smtp.c lib/api/smtp.h \
	lib/api/webhook.c lib/api/webhook.h
lib_api_libapi_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JANSSON_CFLAGS)

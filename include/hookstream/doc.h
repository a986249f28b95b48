/* Doc: JSON of the program's own: answers of the API, the output of --json, schemas. A thin layer
 * over json-c, whose functions may be used as well. It adds what json-c leaves to its callers: no
 * memory ends the program, texts become valid UTF-8, and the text goes into an hs_buffer.
 *
 * Events are not read or changed with it: json.h preserves their bytes, json-c does not
 * (docs/decisions/0014-json.md). Threads: a document belongs to one thread at a time.
 *
 * Ownership is json-c's: a value that is added belongs to its container; the caller frees the
 * outermost one with json_object_put(), or hs_doc_print() does. */
#ifndef HOOKSTREAM_DOC_H
#define HOOKSTREAM_DOC_H

#include <hookstream/buffer.h>
#include <json-c/json.h>

#define HS_DOC_DEPTH_MAX 64

/* ---- Building ---- */

/* An empty object. */
struct json_object *hs_doc_object(void);
/* An empty array. */
struct json_object *hs_doc_array(void);
/* A string. Invalid UTF-8 becomes U+FFFD; any other byte, NUL included, is kept. */
struct json_object *hs_doc_text(struct hs_slice text);
/* A value whose JSON text is printed byte for byte. `json` is copied, and must be valid JSON. */
struct json_object *hs_doc_raw(struct hs_slice json);
/* Parses JSON that is part of the program's own source. */
struct json_object *hs_doc_literal(const char *json);

/* Appends a member; takes `value`. A member of the same name stays: names of an event's headers can
 * repeat. */
void hs_doc_put(struct json_object *object, const char *name, struct json_object *value);
/* As hs_doc_put(), with a name from outside: invalid UTF-8 becomes U+FFFD. */
void hs_doc_put_named(struct json_object *object, struct hs_slice name, struct json_object *value);
/* Appends a member with a string. */
void hs_doc_put_slice(struct json_object *object, const char *name, struct hs_slice text);
/* The same for a C string; NULL becomes "". */
void hs_doc_put_text(struct json_object *object, const char *name, const char *text);
/* Appends a member with a number, all of whose digits are kept. */
void hs_doc_put_u64(struct json_object *object, const char *name, uint64_t value);
/* Appends a member with a number of exactly three decimals. */
void hs_doc_put_milli(struct json_object *object, const char *name, double value);
/* Appends a member with true or false. */
void hs_doc_put_bool(struct json_object *object, const char *name, bool value);
/* Appends a member with the value that hs_doc_literal() parses. */
void hs_doc_put_literal(struct json_object *object, const char *name, const char *json);
/* Appends an element; takes `value`. */
void hs_doc_add(struct json_object *array, struct json_object *value);

/* ---- Printing ---- */

/* Appends the document as text without white space. Frees it. */
void hs_doc_print(struct json_object *document, struct hs_buffer *ret_json);
/* Appends the members of an object to one that was begun in `ret_json` and has members: `,` and the
 * text without its first brace. Frees the object. */
void hs_doc_print_rest(struct json_object *object, struct hs_buffer *ret_json);
/* Appends the document, indented for people, and frees it. */
void hs_doc_print_indented(struct json_object *document, struct hs_buffer *ret_json);

/* ---- Reading ---- */

/* Parses exactly one JSON value of at most HS_DOC_DEPTH_MAX levels; free it with json_object_put().
 * JSON null gives NULL. -EINVAL and a message. */
HS_MUST_CHECK int hs_doc_read(struct hs_slice json, struct json_object **ret_document);
/* The string of a member; no data if it is absent or not a string. Borrowed from the object. */
struct hs_slice hs_doc_get_text(const struct json_object *object, const char *name);
/* The number of a member; 0 if it is absent or not a number. */
uint64_t hs_doc_get_u64(const struct json_object *object, const char *name);
/* Whether a member is true. */
bool hs_doc_get_bool(const struct json_object *object, const char *name);

#endif

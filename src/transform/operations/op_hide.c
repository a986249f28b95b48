/* Operations that reduce the information in a value: mask, hash. */
#include "operation.h"
#include "words.h"

#include <hookstream/text.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

/* ---- mask ---- */

#define MASK_KEEP_MAX 1000u

struct mask_options {
    struct hs_strings fields;
    uint64_t keep_first, keep_last;
    const char *with;
};

static const struct hs_option mask_rows[] = {
    {.name = "fields",
     .kind = HS_OPTION_STRINGS,
     .offset = offsetof(struct mask_options, fields),
     .required = true,
     .help = "Paths of the fields to mask.",
     .example = "[data.phone]"},
    {.name = "keep_first",
     .kind = HS_OPTION_COUNT,
     .offset = offsetof(struct mask_options, keep_first),
     .fallback = "0",
     .most = MASK_KEEP_MAX,
     .help = "How many characters at the beginning stay."},
    {.name = "keep_last",
     .kind = HS_OPTION_COUNT,
     .offset = offsetof(struct mask_options, keep_last),
     .fallback = "4",
     .most = MASK_KEEP_MAX,
     .help = "How many characters at the end stay."},
    {.name = "with",
     .kind = HS_OPTION_STRING,
     .offset = offsetof(struct mask_options, with),
     .fallback = "*",
     .help = "The character that takes the place of each of the others."},
};

static const struct hs_options mask_table = {.name = "transform.mask",
                                             .title = "mask",
                                             .options = mask_rows,
                                             .option_count = HS_ARRAY_SIZE(mask_rows),
                                             .struct_size = sizeof(struct mask_options),
                                             .node_offset = SIZE_MAX};

struct mask {
    struct hs_fields fields;
    size_t keep_first, keep_last;
    char *with;
};

struct masking {
    const struct mask *mask;
    struct hs_buffer *masked;
};

static bool begins_character(char c)
{
    return ((unsigned char)c & 0xC0) != 0x80;
}

static size_t count_characters(struct hs_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += begins_character(text.data[i]);
    return count;
}

static bool compile_mask(struct hs_config *config, const struct hs_node *node,
                         struct hs_operation *operation)
{
    struct mask_options bound;
    struct mask *mask = operation->state = hs_alloc(sizeof(*mask));
    bool good = hs_operation_bind(config, node, &mask_table, &bound);
    good = hs_fields_compile(config, good ? node : NULL, &bound.fields, operation, HS_USE_EDIT,
                             &mask->fields) &&
           good;
    operation->parts = mask->fields.count;
    mask->keep_first = (size_t)bound.keep_first;
    mask->keep_last = (size_t)bound.keep_last;
    mask->with = hs_strdup(bound.with);
    if (count_characters(hs_slice_text(mask->with)) != 1) {
        hs_config_error(config, HS_FINDING_OPERATION_OPTION,
                        node->kind == HS_NODE_MAP ? hs_node_get(node, "with") : node,
                        "`with` is one character, such as \"*\"");
        good = false;
    }
    return good;
}

/* A text with no more characters than would be kept is masked whole: a short one is no less
 * private. */
static int mask_text(void *context, struct hs_slice text, struct hs_buffer *ret_json)
{
    const struct masking *masking = context;
    const struct mask *mask = masking->mask;
    struct hs_buffer *masked = masking->masked;
    size_t count = count_characters(text), index = 0;
    bool whole = count <= mask->keep_first + mask->keep_last;
    size_t with_size = strlen(mask->with); /* strlen: from the configuration */
    hs_buffer_clear(masked);
    for (size_t i = 0; i < text.size;) {
        size_t next = i + 1;
        while (next < text.size && !begins_character(text.data[next]))
            next++;
        bool kept = !whole && (index < mask->keep_first || index >= count - mask->keep_last);
        if (kept)
            hs_buffer_append(masked, text.data + i, next - i);
        else
            hs_buffer_append(masked, mask->with, with_size);
        index++;
        i = next;
    }
    if (hs_buffer_status(masked) < 0)
        return hs_fail(-EMSGSIZE, "its text %s", HS_WORK_TOO_LONG);
    hs_json_encode_string(hs_buffer_slice(masked), ret_json);
    return 0;
}

static int apply_mask(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    const struct mask *mask = operation->state;
    struct masking masking = {mask, hs_work_scratch(work, HS_SCRATCH_MASKED)};
    return hs_change_scalars(work, &mask->fields.paths[part], "mask", mask_text, &masking);
}

static void free_mask(struct hs_operation *operation)
{
    struct mask *mask = operation->state;
    if (mask == NULL)
        return;
    hs_fields_free(&mask->fields);
    free(mask->with);
    free(mask);
}

const struct hs_operation_kind hs_operation_mask = {
    .name = "mask",
    .form = HS_FORM_FIELDS,
    .table = &mask_table,
    .help = "Replaces each character of a text, except the last `keep_last` (4) and the first "
            "`keep_first` (0), with `with` (`*`). A text too short to keep any is masked whole. "
            "Numbers and booleans become texts; null stays null; an array or object is an error.",
    .example = "{fields: [data.phone], keep_last: 2}",
    .compile = compile_mask,
    .apply = apply_mask,
    .free = free_mask,
};

/* ---- hash ---- */

#define HASH_BYTES 32u

struct hash_options {
    struct hs_strings fields;
    const char *key;
};

static const struct hs_option hash_rows[] = {
    {.name = "fields",
     .kind = HS_OPTION_STRINGS,
     .offset = offsetof(struct hash_options, fields),
     .required = true,
     .help = "Paths of the fields to hash.",
     .example = "[data.email, data.phone]"},
    {.name = "key",
     .kind = HS_OPTION_SECRET,
     .secret = HS_SECRET_KEY,
     .offset = offsetof(struct hash_options, key),
     .required = true,
     .help = "The secret of the HMAC: without it nobody can find a value by hashing guesses.",
     .example = "\"${PII_KEY}\""},
};

static const struct hs_options hash_table = {.name = "transform.hash",
                                             .title = "hash",
                                             .options = hash_rows,
                                             .option_count = HS_ARRAY_SIZE(hash_rows),
                                             .struct_size = sizeof(struct hash_options),
                                             .node_offset = SIZE_MAX};

struct hash {
    struct hs_fields fields;
    EVP_MAC_CTX *mac; /* keyed once; restarted without a key for each value */
};

static EVP_MAC_CTX *keyed_mac(const char *key)
{
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof(digest) - 1),
        OSSL_PARAM_construct_end(),
    };
    size_t size = strlen(key); /* strlen: from the configuration */
    if (context != NULL && EVP_MAC_init(context, (const unsigned char *)key, size, parameters) == 1)
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

static bool compile_hash(struct hs_config *config, const struct hs_node *node,
                         struct hs_operation *operation)
{
    struct hash_options bound;
    struct hash *hash = operation->state = hs_alloc(sizeof(*hash));
    bool good = hs_operation_bind(config, node, &hash_table, &bound);
    good = hs_fields_compile(config, good ? node : NULL, &bound.fields, operation, HS_USE_EDIT,
                             &hash->fields) &&
           good;
    operation->parts = hash->fields.count;
    if (bound.key == NULL)
        return false;
    if (bound.key[0] == '\0') {
        hs_config_error(config, HS_FINDING_HASH_KEY, hs_node_get(node, "key"),
                        "the key is empty: without a secret the hashes can be guessed");
        return false;
    }
    hash->mac = keyed_mac(bound.key);
    if (hash->mac == NULL)
        hs_config_error(config, HS_FINDING_HASH_UNAVAILABLE, node,
                        "libcrypto has no HMAC-SHA256 for `hash`");
    return good && hash->mac != NULL;
}

static int hash_text(void *context, struct hs_slice text, struct hs_buffer *ret_json)
{
    struct hash *hash = context;
    unsigned char code[HASH_BYTES];
    size_t size = 0;
    if (EVP_MAC_init(hash->mac, NULL, 0, NULL) != 1 ||
        (text.size != 0 &&
         EVP_MAC_update(hash->mac, (const unsigned char *)text.data, text.size) != 1) ||
        EVP_MAC_final(hash->mac, code, &size, sizeof(code)) != 1 || size != sizeof(code))
        return hs_fail(-EIO, "libcrypto failed to hash");
    char quoted[2 * HASH_BYTES + 2] = "\"";
    hs_hex_encode(code, sizeof(code), quoted + 1);
    quoted[sizeof(quoted) - 1] = '"';
    hs_buffer_append(ret_json, quoted, sizeof(quoted));
    return 0;
}

static int apply_hash(const struct hs_operation *operation, size_t part, struct hs_work *work)
{
    struct hash *hash = operation->state;
    return hs_change_scalars(work, &hash->fields.paths[part], "hash", hash_text, hash);
}

static void free_hash(struct hs_operation *operation)
{
    struct hash *hash = operation->state;
    if (hash == NULL)
        return;
    hs_fields_free(&hash->fields);
    EVP_MAC_CTX_free(hash->mac);
    free(hash);
}

const struct hs_operation_kind hs_operation_hash = {
    .name = "hash",
    .table = &hash_table,
    .help = "Replaces values with their HMAC-SHA256 under `key`, 64 hex digits: equal values "
            "give equal digits, which cannot be reversed. A text is hashed in decoded form, a "
            "number or boolean as written; null stays null; an array or object is an error.",
    .example = "{fields: [data.email, data.phone], key: \"${PII_KEY}\"}",
    .compile = compile_hash,
    .apply = apply_hash,
    .free = free_hash,
};

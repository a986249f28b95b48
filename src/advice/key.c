/* Key: whether a Kafka target keeps the events of one entity in order. A type's name tells its
 * entity: auction.bid.placed concerns data.auctionId, queue.consumer.left data.queueId or
 * data.consumerId. An id that belongs to the entity in every type of the family also keeps order:
 * an order has one consumer. */
#include "look.h"

#define SEGMENTS_MAX 16u

static bool is_family(const struct hs_catalogue *catalogue, struct hs_slice word)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const char *name = catalogue->types[i].name;
        if (strcspn(name, ".") == word.size && memcmp(name, word.data, word.size) == 0)
            return true;
    }
    return false;
}

/* Whether `path` is data.<word>Id. */
static bool is_id_of(const char *path, struct hs_slice word)
{
    return strncmp(path, "data.", 5) == 0 && strncmp(path + 5, word.data, word.size) == 0 &&
           strcmp(path + 5 + word.size, "Id") == 0;
}

/* The id of the type's entity; NULL: none. */
static const char *entity_of(const struct hs_event_type *type)
{
    struct hs_slice family = hs_slice(type->name, strcspn(type->name, "."));
    for (size_t i = 0; i < type->field_count; i++)
        if (is_id_of(type->fields[i].path, family))
            return type->fields[i].path;
    return NULL;
}

/* Later segments may name entities: queue.consumer.left also concerns a consumer. */
static bool names_entity(const struct hs_matched *matched, const char *path)
{
    const char *at = matched->type->name;
    for (unsigned i = 0; i < SEGMENTS_MAX; i++) {
        struct hs_slice word = hs_slice(at, strcspn(at, "."));
        if (is_family(matched->catalogue, word) && is_id_of(path, word))
            return true;
        if (at[word.size] == '\0')
            break;
        at += word.size + 1;
    }
    return false;
}

static unsigned dots(const char *name)
{
    unsigned count = 0;
    for (; (name = strchr(name, '.')) != NULL; name++)
        count++;
    return count;
}

static bool is_id_of_a_family(const struct hs_catalogue *catalogue, const char *path)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const char *name = catalogue->types[i].name;
        if (is_id_of(path, hs_slice(name, strcspn(name, "."))))
            return true;
    }
    return false;
}

/* Whether all types of the family have the id as a property of the entity. In a type about
 * something inside it (auction.bid.placed), another family's id belongs to the inner entity. */
static bool is_property(const struct hs_matched *matched, const char *path)
{
    size_t size = strcspn(matched->type->name, ".") + 1;
    bool within = is_id_of_a_family(matched->catalogue, path);
    if (!hs_path_is_below(path, "data"))
        return false; /* the event's own */
    for (size_t i = 0; i < matched->catalogue->count; i++) {
        const struct hs_event_type *type = &matched->catalogue->types[i];
        if (strncmp(type->name, matched->type->name, size) != 0)
            continue;
        const struct hs_catalogue_field *field = hs_event_type_field(type, hs_slice_text(path));
        if (field == NULL || field->type != HS_FIELD_ID || (within && dots(type->name) != 1))
            return false;
    }
    return true;
}

struct key {
    struct hs_look *look;
    const struct hs_matched *matched;
    const char *spreads; /* the first field that spreads events */
};

static void look_at_field(void *context, const struct hs_use *use)
{
    static const char *const steady[] = {"organizationId", "family", "source"};
    struct key *key = context;
    const char *path = hs_look_path(key->look, use->path);
    for (size_t i = 0; i < HS_ARRAY_SIZE(steady); i++)
        if (strcmp(path, steady[i]) == 0)
            return;
    if (key->look->blurred || hs_paths_meet(&key->look->made, path))
        return;
    if (hs_path_is_below(path, "data") && !hs_type_may_have(key->matched->type, path))
        return; /* of another type */
    if (key->spreads == NULL && !names_entity(key->matched, path) &&
        !is_property(key->matched, path))
        key->spreads = path;
}

void hs_look_at_key(struct hs_look *look, const struct hs_target *target)
{
    if (!target->kind->has_partitions)
        return;
    for (size_t i = 0; i < look->matched_count; i++) {
        const struct hs_matched *matched = &look->matched[i];
        const char *entity = entity_of(matched->type);
        struct key key = {look, matched, NULL};
        if (entity == NULL)
            continue;
        if (target->key == NULL) {
            hs_look_warn(look, HS_FINDING_NO_KEY, target->options->destination_node, NULL,
                         "without a `key` events of one %.*s are spread over the partitions and "
                         "lose their order: add key: \"{%s}\"",
                         (int)strcspn(matched->type->name, "."), matched->type->name, entity);
            return;
        }
        hs_template_uses(target->key, look_at_field, &key);
        if (key.spreads != NULL) {
            hs_look_warn(look, HS_FINDING_KEY_SPREADS, target->options->key_node, key.spreads,
                         "by `%s` events of one %.*s can get to different partitions and lose "
                         "their order: use \"{%s}\"",
                         key.spreads, (int)strcspn(matched->type->name, "."), matched->type->name,
                         entity);
            return;
        }
    }
}

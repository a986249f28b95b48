/* Path: data.items[0].price, data.items[*].price, data["with.dot"]. */
#include <hookstream/json.h>

#include <stdlib.h>

struct reader {
    const char *at, *end;
    struct hs_json_path *path;
};

static int no_path(const struct reader *reader, const char *why)
{
    return hs_fail(-EINVAL, "`%s` is not a path: %s", reader->path->text, why);
}

static int add_step(struct reader *reader, struct hs_json_step step)
{
    struct hs_json_path *path = reader->path;
    if (path->count == HS_JSON_PATH_STEPS_MAX)
        return no_path(reader, "it has too many steps");
    path->steps[path->count++] = step;
    path->wildcard = path->wildcard || (step.name.data == NULL && step.index < 0);
    return 0;
}

static int read_name(struct reader *reader)
{
    const char *from = reader->at;
    while (reader->at < reader->end && *reader->at != '.' && *reader->at != '[' &&
           *reader->at != ']')
        reader->at++;
    if (reader->at == from)
        return no_path(reader, "a name is missing");
    struct hs_json_step step = {.name = hs_slice(from, (size_t)(reader->at - from))};
    return add_step(reader, step);
}

/* [0], [*] or ["name"]; the bracket is at `at`. */
static int read_bracket(struct reader *reader)
{
    const char *from = ++reader->at;
    if (from < reader->end && *from == '"') {
        const char *quote = memchr(from + 1, '"', (size_t)(reader->end - from - 1));
        if (quote == NULL || quote + 1 == reader->end || quote[1] != ']')
            return no_path(reader, "a name in brackets ends with \"]");
        reader->at = quote + 2;
        struct hs_json_step step = {.name = hs_slice(from + 1, (size_t)(quote - from - 1))};
        return add_step(reader, step);
    }
    const char *close = memchr(from, ']', (size_t)(reader->end - from));
    if (close == NULL)
        return no_path(reader, "a bracket is not closed");
    struct hs_slice inner = hs_slice(from, (size_t)(close - from));
    reader->at = close + 1;
    struct hs_json_step step = {.index = -1};
    uint64_t index;
    if (hs_slice_equal(inner, HS_SLICE("*")))
        return add_step(reader, step);
    if (hs_slice_to_u64(inner, INT32_MAX, &index) < 0)
        return no_path(reader, "brackets hold a number, * or a name in quotes");
    step.index = (int64_t)index;
    return add_step(reader, step);
}

static int read_steps(struct reader *reader)
{
    int code = 0;
    bool first = true;
    while (code == 0 && (reader->at < reader->end || first)) {
        if (reader->at < reader->end && *reader->at == '[') {
            code = read_bracket(reader);
        } else {
            if (!first && *reader->at++ != '.')
                return no_path(reader, "a `.` or `[` is missing");
            code = read_name(reader);
        }
        first = false;
    }
    return code;
}

int hs_json_path_parse(struct hs_slice text, struct hs_json_path *ret_path)
{
    struct hs_json_path path = {.text = hs_slice_dup(text)};
    path.steps = hs_alloc_array(HS_JSON_PATH_STEPS_MAX, sizeof(*path.steps));
    struct reader reader = {path.text, path.text + text.size, &path};
    int code = read_steps(&reader);
    if (code < 0) {
        hs_json_path_free(&path);
        return code;
    }
    *ret_path = path;
    return 0;
}

void hs_json_path_free(struct hs_json_path *path)
{
    if (path == NULL)
        return;
    free(path->steps);
    free(path->text);
    *path = (struct hs_json_path){0};
}

/* Pages: the meaning of a code, a wrong and a right example and what to do, from the rows of
 * findings.def. */
#include "internal.h"

#define WIDTH 92u

static const struct hs_finding_page pages[] = {
#define HS_FINDING_CODE(number, name, title, meaning, wrong, right, advice)                        \
    {HS_FINDING_##name, title, meaning, wrong, right, advice},
#include <hookstream/findings.def>
#undef HS_FINDING_CODE
};

const struct hs_finding_page *hs_finding_pages(size_t *ret_count)
{
    *ret_count = HS_ARRAY_SIZE(pages);
    return pages;
}

const struct hs_finding_page *hs_finding_page(enum hs_finding_code code)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(pages); i++)
        if (pages[i].code == code)
            return &pages[i];
    return NULL;
}

/* Parses the number of "HS030", "hs30" or "30". */
static bool read_number(struct hs_slice word, uint64_t *ret_number)
{
    if (word.size > 2 && (word.data[0] | 0x20) == 'h' && (word.data[1] | 0x20) == 's')
        word = hs_slice(word.data + 2, word.size - 2);
    return hs_slice_to_u64(word, UINT32_MAX, ret_number) == 0;
}

const struct hs_finding_page *hs_finding_find(struct hs_slice word)
{
    uint64_t number;
    return read_number(word, &number) ? hs_finding_page((enum hs_finding_code)number) : NULL;
}

/* ---- For a terminal ---- */

/* Wraps the text into lines of at most WIDTH, each prefixed with `before`. */
static void put_wrapped(struct hs_slice words, const char *before, struct hs_buffer *page)
{
    size_t column = 0;
    for (size_t i = 0; i < words.size;) {
        size_t end = i;
        while (end < words.size && words.data[end] != ' ')
            end++;
        bool fits = column > 0 && column + 1 + end - i <= WIDTH;
        if (!fits)
            hs_buffer_printf(page, "%s%s", column > 0 ? "\n" : "", before);
        hs_buffer_printf(page, "%s%.*s", fits ? " " : "", (int)(end - i), words.data + i);
        column = (fits ? column + 1 : 0) + end - i;
        i = end + (end < words.size);
    }
    hs_buffer_append_byte(page, '\n');
}

static void put_example(const char *title, const char *yaml, struct hs_buffer *page)
{
    struct hs_slice rest = hs_slice_text(yaml);
    if (rest.size == 0)
        return;
    hs_buffer_printf(page, "\n%s\n\n", title);
    while (rest.size > 0) {
        const char *end = memchr(rest.data, '\n', rest.size);
        size_t size = end != NULL ? (size_t)(end - rest.data) : rest.size;
        hs_buffer_printf(page, "    %.*s\n", (int)size, rest.data);
        size_t used = size + (end != NULL);
        rest = hs_slice(rest.data + used, rest.size - used);
    }
}

void hs_finding_explain(const struct hs_finding_page *page, struct hs_buffer *ret_text)
{
    hs_buffer_printf(ret_text, "HS%03u: %s\n\n", (unsigned)page->code, page->title);
    put_wrapped(hs_slice_text(page->meaning), "", ret_text);
    put_example("Wrong:", page->wrong, ret_text);
    put_example("Right:", page->right, ret_text);
    hs_buffer_append_text(ret_text, "\nWhat to do:\n");
    put_wrapped(hs_slice_text(page->advice), "", ret_text);
}

void hs_finding_list(struct hs_buffer *ret_text)
{
    for (size_t i = 0; i < HS_ARRAY_SIZE(pages); i++)
        hs_buffer_printf(ret_text, "HS%03u  %s\n", (unsigned)pages[i].code, pages[i].title);
}

/* ---- docs/findings.md ---- */

static const struct {
    unsigned least;
    const char *title;
} areas[] = {
    {1, "The file, and YAML"},
    {20, "Values inserted by `${...}`"},
    {30, "Keys and values"},
    {50, "Sources and secrets"},
    {60, "Sinks"},
    {80, "Journal, dedupe and limits"},
    {100, "Routes"},
    {120, "Targets"},
    {140, "Templates and fields"},
    {150, "Conditions"},
    {160, "Transformations"},
    {200, "Advice from the catalogue"},
    {280, "Catalogue files"},
    {300, "What `check --online` found"},
};

/* A heading if `code` is the first of its area; `before` is the preceding code. */
static void put_area(unsigned before, unsigned code, struct hs_buffer *page)
{
    size_t at = 0;
    while (at + 1 < HS_ARRAY_SIZE(areas) && areas[at + 1].least <= code)
        at++;
    if (before < areas[at].least)
        hs_buffer_printf(page, "\n## %s\n", areas[at].title);
}

void hs_findings_manual(struct hs_buffer *ret_page)
{
    hs_buffer_append_text(
        ret_page,
        "# Findings\n"
        "\n"
        "Generated from the program's own table by `hookstream manual findings`.\n"
        "\n"
        "Each finding of `hookstream check` about a configuration has a code, such as HS030. A "
        "code never changes its meaning. `hookstream check --explain HS030` prints the text "
        "below, `--explain all` the list of all codes.\n");
    unsigned before = 0;
    for (size_t i = 0; i < HS_ARRAY_SIZE(pages); i++) {
        const struct hs_finding_page *page = &pages[i];
        put_area(before, (unsigned)page->code, ret_page);
        before = (unsigned)page->code;
        hs_buffer_printf(ret_page, "\n### HS%03u: %s\n\n%s\n", (unsigned)page->code, page->title,
                         page->meaning);
        if (page->wrong[0] != '\0')
            hs_buffer_printf(ret_page, "\nWrong:\n\n```yaml\n%s\n```\n", page->wrong);
        if (page->right[0] != '\0')
            hs_buffer_printf(ret_page, "\nRight:\n\n```yaml\n%s\n```\n", page->right);
        hs_buffer_printf(ret_page, "\n%s\n", page->advice);
    }
}

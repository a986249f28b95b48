/* File row: the kind's row of sink_kind.h, in one place. */
#include "file.h"
#include "options.h"

#include <hookstream/shown.h>

#define NAME_LONGEST 200u /* leaves room for ".N" within NAME_MAX */

static int check_file_characters(struct hs_slice text, bool first)
{
    if (first && text.size > 0 && text.data[0] == '.')
        return hs_fail(-EINVAL, "a file name does not begin with a dot");
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '/' || (unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return hs_fail(-EINVAL, "a file name has no slash and no control character");
    return 0;
}

static int check_file_name(struct hs_slice name)
{
    bool fits = name.size > 0 && name.size <= NAME_LONGEST;
    if (fits && check_file_characters(name, true) == 0)
        return 0;
    char shown[HS_SINK_NAME_SHOWN];
    hs_shown_copy(name, shown, sizeof(shown));
    if (!fits)
        return hs_fail(-EINVAL, "a file name has 1 to %u bytes, `%s` has %zu", NAME_LONGEST, shown,
                       name.size);
    HS_AUTO_FREE char *why = hs_strdup(hs_error_text());
    return hs_fail(-EINVAL, "`%s`: %s", shown, why);
}

static int check_fixed(struct hs_slice text, size_t before, bool first)
{
    if (check_file_characters(text, first) < 0)
        return -EINVAL;
    return hs_sink_check_fixed_size("a file name", before + text.size, NAME_LONGEST);
}

static const char *folder(const struct hs_sink_options *options)
{
    return hs_file_options(options)->path;
}

static const char *const letter_reasons[] = {
    "not_json", "too_large", "not_a_file", "foreign_file", "file_refused", "name_refused", NULL};

const struct hs_sink_kind hs_file_kind = {
    .name = "file",
    .destination = "file",
    .options = &hs_file_option_table,
    .target = &hs_file_target_table,
    .writes_lines = true,
    .no_letters = "for files there is `hookstream dead-letters export`",
    .letter_reasons = letter_reasons,
    .check_destination = check_file_name,
    .check_fixed = check_fixed,
    .check = hs_file_check,
    .probe = hs_file_probe,
    .folder = folder,
    .init = {.sink = "  file:\n    type: file\n"
                     "    path: \"${HOOKSTREAM_FILES:-data}\"  # a folder\n",
             .target = "file: \"{family}.jsonl\"",
             .needs = "#   HOOKSTREAM_FILES folder of the files; else data\n"},
    .open = hs_file_open,
};

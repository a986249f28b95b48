/* journal verify: reads the whole folder, including dead letters and files of ids, and reports
 * every fault. */
#include "journal.h"

#include <hookstream/buffer.h>
#include <hookstream/dedupe.h>
#include <hookstream/doc.h>
#include <inttypes.h>

static int run(const struct hs_command *command, int argc, char **argv);

const struct hs_command hs_command_journal_verify = {
    .name = "journal verify",
    .summary = "Read all of the journal and report damage.",
    .help = "Reads every segment, cursor and file of ids, and the dead letters. Checks every\n"
            "checksum, that no sequence is missing, and that the cursors point at existing "
            "records.\n"
            "Prints one line per finding, with file, offset in bytes, events and what to do, and "
            "a\n"
            "summary at the end. Locks and changes nothing, and may run while hookstream runs.\n"
            "Exit status: 0 good (also with notes), 1 damage was found, 2 wrong usage or "
            "unreadable.",
    .operands = "",
    .run = run,
};

#define LINE_MAX_SIZE (64u << 10)

struct report {
    bool json;
    bool letters;                    /* whether it reads the dead letters now */
    struct hs_journal_totals totals; /* of both journals */
    uint64_t notes, id_files, letters_lost;
};

/* ---- One line per finding ---- */

static void print_document(struct json_object *document)
{
    struct hs_buffer line;
    hs_buffer_init(&line, LINE_MAX_SIZE);
    hs_doc_print(document, &line);
    hs_buffer_append_byte(&line, '\n');
    hs_command_print(&line, stdout);
    hs_buffer_free(&line);
}

/* What happens to records that cannot be read, or why they were removed. */
static const char *outcome(const struct report *report, const struct hs_journal_finding *finding)
{
    if (finding->removed)
        return report->letters
                   ? "; dead letters are removed after a retry or discard, or beyond their limits"
                   : "; delivered events are removed by journal.retain, journal.max_size and "
                     "free disk space";
    if (!finding->passed_over)
        return "";
    return report->letters ? "; it counts in hookstream_dead_letters_lost_total, and its event "
                             "may still be in the journal: hookstream replay --id ID --to SINK"
                           : "; sinks skip it and count it as lost";
}

static void print_json(const struct report *report, const struct hs_journal_finding *finding)
{
    struct json_object *document = hs_doc_object();
    hs_doc_put_text(document, "kind", finding->damage ? "damage" : "note");
    hs_doc_put_text(document, "journal", report->letters ? "dead_letters" : "events");
    hs_doc_put_text(document, "file", finding->file);
    hs_doc_put_u64(document, "offset", finding->offset);
    hs_doc_put_u64(document, "bytes", finding->bytes);
    if (finding->first <= finding->last || finding->removed)
        hs_doc_put_u64(document, "first", finding->first);
    if (finding->first <= finding->last)
        hs_doc_put_u64(document, "last", finding->last);
    if (finding->removed)
        hs_doc_put_bool(document, "removed", true);
    hs_doc_put_text(document, "what", finding->what);
    HS_AUTO_FREE char *advice = NULL;
    if (asprintf(&advice, "%s%s", finding->advice, outcome(report, finding)) < 0)
        advice = NULL;
    hs_doc_put_text(document, "advice", advice != NULL ? advice : finding->advice);
    print_document(document);
}

static void print_text(const struct report *report, const struct hs_journal_finding *finding)
{
    const char *one = report->letters ? "dead letter" : "event";
    printf("%s: %s: offset %" PRIu64, finding->damage ? "damage" : "note", finding->file,
           finding->offset);
    if (finding->bytes > 0)
        printf(", %" PRIu64 " bytes", finding->bytes);
    if (finding->first == finding->last)
        printf(", %s %" PRIu64, one, finding->first);
    else if (finding->first < finding->last)
        printf(", %ss %" PRIu64 " to %" PRIu64, one, finding->first, finding->last);
    else if (finding->removed)
        printf(", %ss from %" PRIu64 " on", one, finding->first);
    printf(": %s\n  to do: %s%s\n", finding->what, finding->advice, outcome(report, finding));
}

static void on_finding(void *context, const struct hs_journal_finding *finding)
{
    struct report *report = context;
    report->notes += finding->damage ? 0 : 1;
    if (report->json)
        print_json(report, finding);
    else
        print_text(report, finding);
}

/* ---- Both journals ---- */

static void add(struct report *report, const struct hs_journal_totals *totals)
{
    report->totals.segments += totals->segments;
    report->totals.bytes += totals->bytes;
    report->totals.events += totals->events;
    report->totals.damages += totals->damages;
    report->totals.lost += totals->lost;
    report->letters_lost += report->letters ? totals->lost : 0;
}

static int verify(struct report *report, const char *path)
{
    struct hs_journal_totals totals;
    int code = hs_journal_verify(hs_disk_system(), path, on_finding, report, &totals);
    if (code < 0)
        return code;
    add(report, &totals);
    uint64_t files, damages;
    code = hs_dedupe_verify(hs_disk_system(), path, on_finding, report, &files, &damages);
    report->id_files += files;
    report->totals.damages += damages;
    return code;
}

static void print_summary(const struct report *report, const char *path)
{
    const struct hs_journal_totals *totals = &report->totals;
    if (!report->json) {
        printf("%s: %s: %" PRIu64 " damaged places, %" PRIu64 " events and %" PRIu64
               " dead letters lost, %" PRIu64 " notes; read %" PRIu64 " events in %" PRIu64
               " segments (%" PRIu64 " bytes) and %" PRIu64 " files of ids\n",
               path, totals->damages > 0 ? "damaged" : "good", totals->damages,
               totals->lost - report->letters_lost, report->letters_lost, report->notes,
               totals->events, totals->segments, totals->bytes, report->id_files);
        return;
    }
    struct json_object *document = hs_doc_object();
    hs_doc_put_text(document, "kind", "summary");
    hs_doc_put_bool(document, "good", totals->damages == 0);
    hs_doc_put_text(document, "path", path);
    hs_doc_put_u64(document, "damages", totals->damages);
    hs_doc_put_u64(document, "lost", totals->lost);
    hs_doc_put_u64(document, "dead_letters_lost", report->letters_lost);
    hs_doc_put_u64(document, "notes", report->notes);
    hs_doc_put_u64(document, "events", totals->events);
    hs_doc_put_u64(document, "segments", totals->segments);
    hs_doc_put_u64(document, "bytes", totals->bytes);
    hs_doc_put_u64(document, "id_files", report->id_files);
    print_document(document);
}

static int verify_all(struct report *report, const char *path)
{
    HS_AUTO_FREE char *letters = NULL;
    int code = verify(report, path);
    if (code < 0)
        return code;
    if (asprintf(&letters, "%s/dead-letters", path) < 0)
        return hs_fail(-ENOMEM, "no memory for a path");
    report->letters = true;
    code = verify(report, letters);
    return code == -ENOENT ? 0 : code; /* there are none yet */
}

static int run(const struct hs_command *command, int argc, char **argv)
{
    const char *config_path = NULL, *chosen = NULL;
    struct report report = {.json = false};
    const struct hs_arg args[] = {
        HS_JOURNAL_ARGS(&config_path, &chosen),
        {"json", 0, HS_ARG_FLAG, &report.json, NULL,
         "Print one JSON object per line; the last "
         "is the summary."},
    };
    int first, code = hs_args_read(command, args, HS_ARRAY_SIZE(args), argc, argv, &first);
    if (code != 0)
        return code - 1;
    HS_AUTO_FREE char *path = NULL;
    code = hs_journal_command_path(command, config_path, chosen, &path);
    if (code != 0)
        return code;
    if (verify_all(&report, path) < 0)
        return hs_command_fail(command, HS_EXIT_USAGE, "%s", hs_error_text());
    print_summary(&report, path);
    if (fflush(stdout) != 0)
        return hs_command_fail(command, HS_EXIT_USAGE, "cannot write to stdout");
    return report.totals.damages > 0 ? HS_EXIT_BAD : HS_EXIT_GOOD;
}

/* Verdicts: a row for every result of verification. The label goes into metrics and logs, the text
 * to the sender: it says what is wrong with the request, never what would be right. */
#include <hookstream/source.h>

static const struct verdict_row {
    const char *label, *text;
} rows[HS_VERDICT_COUNT] = {
    [HS_GENUINE] = {"genuine", "the request is genuine"},
    [HS_SIGNATURE_MISSING] = {"signature_missing", "the signature header is missing"},
    [HS_SIGNATURE_MALFORMED] = {"signature_malformed",
                                "the signature must be given once, in the form of its scheme"},
    [HS_SIGNATURE_WRONG] = {"signature", "the signature does not match"},
    [HS_TIMESTAMP_MISSING] = {"timestamp_missing", "the timestamp header is missing"},
    [HS_TIMESTAMP_MALFORMED] = {"timestamp_malformed",
                                "the timestamp must be given once, as Unix seconds in digits"},
    [HS_TIMESTAMP_STALE] = {"stale", "the timestamp is too old"},
    [HS_TIMESTAMP_FUTURE] = {"future", "the timestamp is too far ahead"},
};

const char *hs_verdict_label(enum hs_verdict verdict)
{
    HS_ASSERT((unsigned)verdict < HS_VERDICT_COUNT);
    return rows[verdict].label;
}

const char *hs_verdict_text(enum hs_verdict verdict)
{
    HS_ASSERT((unsigned)verdict < HS_VERDICT_COUNT);
    return rows[verdict].text;
}

/* Letter kinds: how much space the letters of each reason and source take. */
#include "letters.h"

#include <hookstream/clock.h>
#include <stdio.h>
#include <stdlib.h>

#define KIND_BITS 8u
#define SIZE_UNIT 64u  /* bytes per unit of a note's size */
#define HEAD_BYTES 64u /* approximate size of a record besides its texts */
#define TEXT_BYTES 4u  /* besides each of its texts */
#define SIZE_MAX_UNITS ((UINT32_C(1) << (32 - KIND_BITS)) - 1)
#define NOTES_LEAST 1024u
/* How far a letter may be noted after one with a higher number: threads add them concurrently. */
#define BACK_MAX 256u

void hs_letter_kinds_free(struct hs_letter_kinds *kinds)
{
    free(kinds->notes);
    free(kinds->times);
    *kinds = (struct hs_letter_kinds){0};
}

static bool is_kind(const struct hs_letter_kind *kind, const struct hs_letter_kind *wanted)
{
    return strcmp(kind->reason, wanted->reason) == 0 && strcmp(kind->source, wanted->source) == 0;
}

static unsigned kind_of(struct hs_letter_kinds *kinds, struct hs_slice reason,
                        struct hs_slice source)
{
    struct hs_letter_kind wanted = {0};
    unsigned at = 0;
    snprintf(wanted.reason, sizeof(wanted.reason), "%.*s", HS_SLICE_ARG(reason));
    snprintf(wanted.source, sizeof(wanted.source), "%.*s", HS_SLICE_ARG(source));
    while (at < kinds->count && !is_kind(&kinds->kinds[at], &wanted))
        at++;
    if (at < kinds->count)
        return at;
    if (at == HS_LETTER_KINDS_MAX)
        return at - 1;
    kinds->kinds[kinds->count++] = wanted;
    return at;
}

/* The slot of the number's note, created if necessary. */
static uint32_t *note_at(struct hs_letter_kinds *kinds, uint64_t number)
{
    if (kinds->note_count == 0)
        kinds->base = number > kinds->base + BACK_MAX ? number - BACK_MAX : kinds->base;
    HS_ASSERT(number >= kinds->base);
    size_t at = (size_t)(number - kinds->base);
    if (at >= kinds->note_count) {
        size_t count = 2 * at > NOTES_LEAST ? 2 * at : NOTES_LEAST;
        kinds->notes = hs_realloc_array(kinds->notes, count, sizeof(*kinds->notes));
        memset(kinds->notes + kinds->note_count, 0,
               (count - kinds->note_count) * sizeof(*kinds->notes));
        kinds->times = hs_realloc_array(kinds->times, count, sizeof(*kinds->times));
        kinds->note_count = count;
    }
    return &kinds->notes[at];
}

uint64_t hs_letter_record_bytes(const struct hs_event *record)
{
    uint64_t bytes =
        HEAD_BYTES + record->source.size + record->id.size + record->type.size + record->body.size;
    for (size_t i = 0; i < record->header_count; i++)
        bytes += record->headers[i].name.size + record->headers[i].value.size + 2 * TEXT_BYTES;
    return bytes;
}

void hs_letter_kinds_add(struct hs_letter_kinds *kinds, uint64_t number, struct hs_slice reason,
                         const struct hs_event *record)
{
    uint64_t units = (hs_letter_record_bytes(record) + SIZE_UNIT - 1) / SIZE_UNIT;
    uint32_t size = units < SIZE_MAX_UNITS ? (uint32_t)units : SIZE_MAX_UNITS;
    unsigned kind = kind_of(kinds, reason, record->source);
    if (number < kinds->base)
        return; /* it is gone already */
    *note_at(kinds, number) = size << KIND_BITS | (kind + 1);
    kinds->times[number - kinds->base] = (uint32_t)(record->received_wall_ns / HS_NS_PER_SECOND);
    kinds->kinds[kind].bytes += (uint64_t)size * SIZE_UNIT;
    kinds->kinds[kind].count++;
}

static uint32_t note_of(const struct hs_letter_kinds *kinds, uint64_t number)
{
    bool there = number >= kinds->base && number - kinds->base < kinds->note_count;
    return there ? kinds->notes[number - kinds->base] : 0;
}

const struct hs_letter_kind *hs_letter_kinds_of(const struct hs_letter_kinds *kinds,
                                                uint64_t number)
{
    uint32_t note = note_of(kinds, number);
    return note != 0 ? &kinds->kinds[(note & ((1u << KIND_BITS) - 1)) - 1] : NULL;
}

void hs_letter_kinds_remove(struct hs_letter_kinds *kinds, uint64_t number)
{
    uint32_t note = note_of(kinds, number);
    if (note == 0)
        return;
    struct hs_letter_kind *kind = &kinds->kinds[(note & ((1u << KIND_BITS) - 1)) - 1];
    kind->bytes -= (uint64_t)(note >> KIND_BITS) * SIZE_UNIT;
    kind->count--;
    kinds->notes[number - kinds->base] = 0;
}

void hs_letter_kinds_forget_below(struct hs_letter_kinds *kinds, uint64_t number)
{
    if (number <= kinds->base || number - kinds->base < kinds->note_count / 2)
        return; /* not worth it yet */
    size_t gone = (size_t)(number - kinds->base);
    gone = gone < kinds->note_count ? gone : kinds->note_count;
    kinds->note_count -= gone;
    memmove(kinds->notes, kinds->notes + gone, kinds->note_count * sizeof(*kinds->notes));
    memmove(kinds->times, kinds->times + gone, kinds->note_count * sizeof(*kinds->times));
    kinds->base += gone;
}

/* Moved letters follow newer ones, so each is examined. */
uint64_t hs_letter_kinds_oldest(const struct hs_letter_kinds *kinds)
{
    uint32_t oldest = UINT32_MAX;
    for (size_t i = 0; i < kinds->note_count; i++)
        if (kinds->notes[i] != 0 && kinds->times[i] < oldest)
            oldest = kinds->times[i];
    return oldest < UINT32_MAX ? oldest * HS_NS_PER_SECOND : 0;
}

/* Increases from kind to kind: kinds below an equal part leave the rest to the others. */
uint64_t hs_letter_kinds_share(const struct hs_letter_kinds *kinds, uint64_t room)
{
    uint64_t share = 0, all = 0;
    for (unsigned i = 0; i < kinds->count; i++)
        all += kinds->kinds[i].bytes;
    if (all <= room)
        return UINT64_MAX;
    for (unsigned round = 0; round < kinds->count; round++) {
        uint64_t left = room;
        unsigned larger = 0;
        for (unsigned i = 0; i < kinds->count; i++) {
            bool fits = kinds->kinds[i].bytes <= share;
            left -= fits ? kinds->kinds[i].bytes : 0;
            larger += !fits;
        }
        uint64_t part = larger > 0 ? left / larger : share;
        if (part <= share)
            break;
        share = part;
    }
    return share;
}

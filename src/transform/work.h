/* Work, for this module's own files: looking without editing, the envelope as received, and
 * the bound on what edits may add. The public half stands in transform.h. */
#ifndef HS_TRANSFORM_WORK_H
#define HS_TRANSFORM_WORK_H

#include <hookstream/transform.h>

/* An edited body, and any text made on the way to one. */
#define HS_WORK_BODY_MAX (64u << 20)
/* Bytes that the edits of one event may put into its tree, and values that the tree may have
 * with them: both well below what a tree can hold. */
#define HS_WORK_ADDED_MAX (32u << 20)
#define HS_WORK_VALUES_MAX (4u << 20)
/* What one event may cost is a multiple of its size, so that no event costs more than linear work
 * or memory, whatever the rules are: bytes of a text and of all edits together, values of the tree,
 * and steps of work (hs_json_steps()). 1 MiB may become 32 MiB, and take some 70 million steps.
 * Those that are fixed allow a small event what it needs. */
#define HS_WORK_GROWTH 28u
#define HS_WORK_GROWTH_LEAST (4u << 20)
#define HS_WORK_VALUES_GROWTH 2u /* values a byte of the body */
#define HS_WORK_VALUES_LEAST (256u << 10)
#define HS_WORK_STEPS_A_BYTE 64u
#define HS_WORK_STEPS_LEAST (4u << 20)
#define HS_WORK_TOO_LONG "would be too long for an event of this size"
/* Values of the headers that transformations give one message. */
#define HS_WORK_HEADERS_MAX (64u << 10)

/* The tree for a reader: what hs_work_body() gave stays valid. -EINVAL: not JSON. */
HS_MUST_CHECK int hs_work_look(struct hs_work *work, const struct hs_json_tree **ret_tree);

/* Members of the envelope that the journal's record does not carry. */
enum hs_envelope_word { HS_ENVELOPE_TIMESTAMP, HS_ENVELOPE_ORGANIZATION, HS_ENVELOPE_WORDS };
/* The member's JSON text as received, whatever was edited since; `value.data` is NULL when it
 * is not there. -EINVAL: the body is not JSON. */
HS_MUST_CHECK int hs_work_envelope(struct hs_work *work, enum hs_envelope_word word,
                                   const struct hs_json_member **ret_member);

/* Counts the work of reading a value of that size, which the tree does not count. */
void hs_work_count(struct hs_work *work, size_t bytes);
/* -EMSGSIZE: the work on this event exceeds what its size allows; stop working on it. */
HS_MUST_CHECK int hs_work_within_steps(const struct hs_work *work);
/* Steps of work since the body was parsed; 0: it was not. */
uint64_t hs_work_steps(const struct hs_work *work);
/* Changes with every event, and whenever its body is parsed again: what was found in another epoch
 * says nothing. Never 0. */
uint64_t hs_work_epoch(const struct hs_work *work);

/* Memory to make a text in, empty; one of each kind is in use at a time. */
enum hs_scratch { HS_SCRATCH_TEXT, HS_SCRATCH_MASKED, HS_SCRATCH_JSON, HS_SCRATCHES };
struct hs_buffer *hs_work_scratch(struct hs_work *work, enum hs_scratch which);

/* Gives the message a header, in place of one of that name. `name` is lower case and stays valid as
 * long as what is compiled; `value` is copied. -EMSGSIZE: there are too many, or too long ones. */
HS_MUST_CHECK int hs_work_set_header(struct hs_work *work, struct hs_slice name,
                                     struct hs_slice value);

/* `on_error: skip` passed over a failure. */
void hs_work_note_skip(struct hs_work *work);

/* To be called before an edit puts `json`, and names of `name_bytes` as they read, into the
 * tree. -EMSGSIZE: the event's edits would pass a bound. */
HS_MUST_CHECK int hs_work_charge(struct hs_work *work, struct hs_slice json, size_t name_bytes);

#endif

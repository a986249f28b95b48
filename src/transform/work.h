/* Work, for this module's own files: reading without editing, the envelope as received, and the
 * limit on what edits may add. The public half is in transform.h. */
#ifndef HS_TRANSFORM_WORK_H
#define HS_TRANSFORM_WORK_H

#include <hookstream/transform.h>

/* Size limit of an edited body, and of any intermediate text. */
#define HS_WORK_BODY_MAX (64u << 20)
/* Limits of the bytes that the edits of one event may add to its tree, and of the values that the
 * tree may then have: both well below a tree's own limits. */
#define HS_WORK_ADDED_MAX (32u << 20)
#define HS_WORK_VALUES_MAX (4u << 20)
/* The cost of one event is limited to a multiple of its size, so that no rule causes more than
 * linear work or memory: bytes of a text and of all edits together, values of the tree, and steps
 * of work (hs_json_steps()). 1 MiB may become 32 MiB, and take some 70 million steps. The fixed
 * minimums allow a small event what it needs. */
#define HS_WORK_GROWTH 28u
#define HS_WORK_GROWTH_LEAST (4u << 20)
#define HS_WORK_VALUES_GROWTH 2u /* values per byte of the body */
#define HS_WORK_VALUES_LEAST (256u << 10)
#define HS_WORK_STEPS_A_BYTE 64u
#define HS_WORK_STEPS_LEAST (4u << 20)
#define HS_WORK_TOO_LONG "would be too long for an event of this size"
/* Size limit of the header values that transformations set on one message. */
#define HS_WORK_HEADERS_MAX (64u << 10)

/* The tree for reading: the result of hs_work_body() stays valid. -EINVAL: not JSON. */
HS_MUST_CHECK int hs_work_look(struct hs_work *work, const struct hs_json_tree **ret_tree);

/* Members of the envelope that the journal's record does not contain. */
enum hs_envelope_word { HS_ENVELOPE_TIMESTAMP, HS_ENVELOPE_ORGANIZATION, HS_ENVELOPE_WORDS };
/* The member's JSON text as received, regardless of edits; `value.data` is NULL if it is missing.
 * -EINVAL: the body is not JSON. */
HS_MUST_CHECK int hs_work_envelope(struct hs_work *work, enum hs_envelope_word word,
                                   const struct hs_json_member **ret_member);

/* Counts the work of reading a value of that size, which the tree does not count. */
void hs_work_count(struct hs_work *work, size_t bytes);
/* -EMSGSIZE: the work on this event exceeds what its size allows; stop working on it. */
HS_MUST_CHECK int hs_work_within_steps(const struct hs_work *work);
/* Steps of work since the body was parsed; 0: it was not parsed. */
uint64_t hs_work_steps(const struct hs_work *work);
/* Changes with every event, and whenever its body is parsed again: a result from another epoch is
 * invalid. Never 0. */
uint64_t hs_work_epoch(const struct hs_work *work);

/* Empty memory for building a text; only one of each kind is in use at a time. */
enum hs_scratch { HS_SCRATCH_TEXT, HS_SCRATCH_MASKED, HS_SCRATCH_JSON, HS_SCRATCHES };
struct hs_buffer *hs_work_scratch(struct hs_work *work, enum hs_scratch which);

/* Sets a header of the message, replacing one of that name. `name` is lower case and must stay
 * valid as long as the compiled list; `value` is copied. -EMSGSIZE: there are too many, or they are
 * too long. */
HS_MUST_CHECK int hs_work_set_header(struct hs_work *work, struct hs_slice name,
                                     struct hs_slice value);

/* Counts a failure that `on_error: skip` skipped. */
void hs_work_note_skip(struct hs_work *work);

/* Call it before an edit adds `json`, and names of `name_bytes` in decoded form, to the tree.
 * -EMSGSIZE: the event's edits would exceed a limit. */
HS_MUST_CHECK int hs_work_charge(struct hs_work *work, struct hs_slice json, size_t name_bytes);

#endif

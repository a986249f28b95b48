/* Event line: an event as one line of JSON, for users and tools. Threads: any. */
#ifndef HS_CLI_EVENT_LINE_H
#define HS_CLI_EVENT_LINE_H

#include <hookstream/buffer.h>
#include <hookstream/event.h>

enum hs_event_line_body {
    HS_BODY_JSON, /* verbatim if it is JSON, otherwise "body_base64" */
    HS_BODY_RAW,  /* always "body_base64" */
    HS_BODY_NONE,
};

/* Appends the line with its line feed. */
void hs_event_line(const struct hs_event *event, enum hs_event_line_body body,
                   struct hs_buffer *ret_line);

#endif

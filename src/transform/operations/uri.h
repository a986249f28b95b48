/* Uri: whether a text is a URI or a URI reference (RFC 3986). */
#ifndef HS_TRANSFORM_URI_H
#define HS_TRANSFORM_URI_H

#include <hookstream/base.h>

/* A URI, or a relative reference such as /webhooks/fanfare; not empty. */
bool hs_is_uri_reference(struct hs_slice text);
/* A URI with its scheme. */
bool hs_is_uri(struct hs_slice text);

#endif

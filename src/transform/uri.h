/* Uri: whether a text is a URI or a reference to one (RFC 3986). */
#ifndef HS_TRANSFORM_URI_H
#define HS_TRANSFORM_URI_H

#include <hookstream/base.h>

/* A URI, or a part of one that is meant against a base, such as /webhooks/fanfare; not empty. */
bool hs_is_uri_reference(struct hs_slice text);
/* A URI with its scheme. */
bool hs_is_uri(struct hs_slice text);

#endif

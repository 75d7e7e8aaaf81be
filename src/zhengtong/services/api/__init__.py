# SPDX-License-Identifier: Apache-2.0
"""HTTP/JSON for integrators: the same acts, the same authority, the same idempotency keys as the pages.

    base       the interface itself: errors as problem+json, ETags, what its OpenAPI document says of every operation
    access     who calls: another system's token, or a signed-in person's session (with CSRF token)
    paging     lists in pages, by cursor
    schemas    what is sent and answered
    catalogue  what one can apply for; open to everyone
    cases      cases, steps, notices; filing a case
    acts       everything that can be done to a case, made from the actions themselves
    uploads    documents, by their content
    docs       the reference as a page, drawn from the OpenAPI document

Upper rooms add routers of their own at `site.urls`.
"""

from zhengtong.services.api import acts, cases, catalogue, uploads  # noqa: F401  # they add their operations
from zhengtong.services.api.base import api

__all__ = ["api"]

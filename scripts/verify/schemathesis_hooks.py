"""What schemathesis must be taught before it can ask: how a type of body is written that it does not know."""

import schemathesis

# JSON by another name (CSP Level 3, section 5.3).
schemathesis.serializer.alias("application/csp-report", "application/json")

"""Many cameras, a supervised process each, with one budget of calls and one page for all."""

import sys

# A camera's process asks for none of HTTPX's own command line, which takes 5 MB of rich and click:
# HTTPX does without where it cannot be imported.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

"""Limits of what is asked of the provider, and of what is believed of its answers: attempts, sizes and numbers."""

from __future__ import annotations

# Names end in their unit. MOST_ and LARGEST_ begin those of numbers.

# Attempts

MOST_ATTEMPTS = 4
"""Of one read or order, the first included: with the pauses between them, some 4 s."""

FIRST_RETRY_SECONDS = 0.5
"""Before the first repetition; each further pause is twice as long."""

LONGEST_RETRY_SECONDS = 8.0
"""The longest pause, unless the provider asks for a longer one."""

RETRY_AFTER_SECONDS = 86_400.0
"""The longest pause that the provider can ask for; a longer one is a mistake."""

DOCTOR_SECONDS = 15.0
"""For each question of the doctor to the provider: a person waits for it."""

CLOCK_TOLERANCE_SECONDS = 120.0
"""The doctor mentions a clock that is further off than this: orders are settled by spans of minutes."""

LARGEST_SKEW_SECONDS = 2 * 86_400.0
"""A Date that is further off than this is discarded as wrong."""

# One answer

ANSWER_BYTES = 4 * 1024 * 1024
"""Of an answer, apart from the pictures that it echoes."""

ECHO_BYTES = 64 * 1024 * 1024
"""Of an answer with the pictures that it echoes."""

ANSWER_PIECE_BYTES = 256 * 1024
"""Of a piece in which an answer is decompressed: what is compressed can be a thousand times as large."""

MOST_ANSWER_PARTS = 200_000
"""Objects, lists and members of one answer. Each takes up to 250 bytes once parsed."""

PAGE_BYTES = 4000
"""Kept of an answer that is not JSON, for error texts."""

PAGE_CHARACTERS = 4000
"""Of such a page, or of the provider's message, that are searched for the reason."""

QUOTED_CHARACTERS = 200
"""Of the provider's words in an error: enough for its reason, too few for instructions to a model."""

DATE_HEADER_CHARACTERS = 80
"""Of a header that holds a date. Real ones have 29; a longer one is not parsed."""

# One task

FIELD_CHARACTERS = 10_000
"""Of one field that are kept; a text is cut before it is searched or compared. No prompt is longer."""

MOST_FIELD_LEVELS = 20
"""How deep the texts of one field are looked for; Python's own limit is 1000."""

MOST_FIELD_TEXTS = 1000
"""How many texts of one field are looked at."""

DATE_CHARACTERS = 64
"""Of a field that holds a date. Real ones have 20 to 35; a longer one is not parsed."""

WORD_CHARACTERS = 100
"""Of a status word or a task type that are kept."""

LINK_CHARACTERS = 4096
"""Of a link; servers refuse longer ones."""

MOST_LOGS = 100
"""Log entries that are searched for the reason of a failure, the newest."""

# The history

# Between two pages a row can be lost (it moved meanwhile, or the offset is wrong). The second size has other page
# boundaries, so that a row lost in one pass is inside a page of the other.

HISTORY_PAGE_ROWS = (100, 89)
"""Rows a page, of the first and of the second pass; the provider allows at most 100."""

MOST_HISTORY_PAGES = 50
"""Of one pass: 5000 tasks around one order are beyond every plan."""

# The account

ACCOUNT_ID_CHARACTERS = 200
"""Of an account's id. Longer ones are not taken for an id."""

MOST_ACCOUNT_FIELDS = 80
"""Of the account, and of each other answer whose fields the doctor lists."""

MOST_ACCOUNT_LEVELS = 6
"""How deep those fields are listed."""

FIELD_NAME_CHARACTERS = 80
"""Of one field's name, and of the name of the plan."""

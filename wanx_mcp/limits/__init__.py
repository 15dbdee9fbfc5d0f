"""Every limit of time, size and number in one table. Here: what calls, orders and the ledger wait for; tests add it
up. The other sections: `provider`, `pictures`, `videos`."""

from __future__ import annotations

from datetime import timedelta

# Names end in _SECONDS where this machine's clocks measure the span. The others are spans of the provider's time.
#
# A create, of which ANSWER_SECONDS are promised:
#
#   |<------------------------------- CREATE_SECONDS ------------------------------->| BUDGET_LINE | slack |
#   | PREPARING (pictures) | ACCOUNT (id and date) | uploads: half of | the order: at  |
#   |                      |                       | what is left     | least ORDER_AT_LEAST |

# One create

ANSWER_SECONDS = 20.0
"""What a create promises: many clients give up on a call after 30 to 60 s, and an agent waits for nothing meanwhile."""

CREATE_SECONDS = 18.0
"""From the call to its outcome, whatever is slow. The order itself is waited for longer, in the background."""

BUDGET_LINE_SECONDS = 1.0
"""For reading what is left of the budget, beside the outcome. A reply without it is complete enough."""

SLACK_SECONDS = 1.0
"""For what cannot be interrupted: one try of SQLite, encoding an order of several megabytes, a busy machine."""

PREPARING_SECONDS = 8.0
"""For reading and decoding all pictures of an order. A photo of 50 million pixels takes under 1 s."""

FRAME_SECONDS = 6.0
"""Of those, for frames of videos: the clip from disk or brought home, and decoded. What is not ready goes on in the
background, and the next call finds it."""

ACCOUNT_SECONDS = 4.0
"""For the account read before an order. It brings the provider's date; without it the order is placed all the same."""

UPLOAD_SECONDS = 8.0
"""For all uploads of an order, and never more than half of what is left of the call. A late picture goes inline."""

ORDER_AT_LEAST_SECONDS = 3.0
"""What is left for the ledger and the order itself when everything before it was as slow as it may be."""

FIRST_ANSWER_SECONDS = 5.0
"""How long a repeat waits for the first order's task id, and a second order of a kind for the first one's price."""

FIRST_ANSWER_POLL_SECONDS = 0.25
"""How often the ledger is asked for that."""

# One request

CONNECT_SECONDS = 5.0
"""Of one connection, and again of its TLS handshake."""

ATTEMPT_SECONDS = 12.0
"""Of one attempt of a read, up to its last byte. How long attempts are repeated is the caller's `within`."""

ORDER_SECONDS = 60.0
"""Of one attempt of an order, connection and last check included. The call that placed it answers earlier."""

PAGE_SECONDS = 20.0
"""Of one page of the task history, repetitions included: real pages of 100 rows have taken 10 s."""

# One order

MAY_LEAVE_SECONDS = 90.0
"""An intention older than this is not sent any more: another process may have settled it. Longer than the call and
one attempt together, so that only a suspended process meets it."""

UNSENT_SECONDS = 100.0
"""An intention without a sender's name that is older than this is in nobody's hands any more."""

BOOK_AGAIN_SECONDS = 5.0
"""How often an outcome that the ledger could not take is booked again, while this process lives."""

DATE_SECONDS = 600.0
"""A date of the provider that is older than this is read again before an order: 500 ppm of drift are 0.3 s by then."""

# The ledger

LEDGER_SECONDS = 8.0
"""How long one question waits for other processes that hold the ledger, in tries of LEDGER_TRY_SECONDS."""

LEDGER_TRY_SECONDS = 0.2
"""One try inside SQLite, which cannot be cancelled."""

LEDGER_OPEN_SECONDS = 15.0
"""The same for commands of people, who would rather wait than try again."""

# One read of a task

READ_SECONDS = 15.0
"""For one read of a task, retries included."""

LAST_LOOK_SECONDS = 3.0
"""How much the last read of a wait may exceed the time that was asked for."""

LONGEST_WAIT_SECONDS = 45
"""What one call may wait for a task: many clients give up on a call after 60 s."""

MOST_READS_PER_MINUTE = 600
"""The highest rate of reads that an operator can allow."""

MEMORY_SECONDS = 2.0
"""A task that was read more recently than this is not read again (design 2)."""

STALE_SECONDS = 5.0
"""At the end of a wait, a state older than this is read once more, if the limit of reads allows it."""

TICK_SECONDS = 5.0
"""Longest pause between two progress messages of a wait."""

LINK_SECONDS = 2.5
"""How often a completed task is read whose video link is late."""

LINK_ADVICE_SECONDS = 10
"""When a caller without a wait is advised to ask for that link again."""

FIRST_PAUSE_SECONDS = 1.0
"""After the first failed read in a row; each further one doubles it, up to the usual interval."""

HANDLE_POLL_SECONDS = (5.0, 10.0)
"""Between the polls of one task handle, unless there are so many that WANX_READS_PER_MINUTE asks for more."""

# Following orders in the background

START_SECONDS = 3.0
"""From the start of a server until it goes on with the orders in its ledger: the first answers go before."""

FOLLOW_SECONDS = (10.0, 30.0)
"""Between two reads of a followed order, unless WANX_READS_PER_MINUTE asks for more."""

TWO_READS_SECONDS = 12.0
"""No planned read makes three within this time. The first read of a call is not planned."""

ROUND_SECONDS = 10.0
"""How often a server extends its leases, and looks for orders that nobody follows."""

LEASE_SECONDS = 45.0
"""How long a lease lasts: with one round after it, less than a minute until another process goes on."""

SAVE_POLL_SECONDS = 0.5
"""How often a call that waits asks the ledger for what the follower does, in this process or another one."""

SAVE_PAUSE_SECONDS = 5.0
"""After the first failed try to save a video by itself; each further one doubles it, up to the longest pause."""

LONGEST_SAVE_PAUSE_SECONDS = 1800.0
"""Between two tries of a video that keeps failing."""

UNWRITABLE_SECONDS = 30.0
"""How long a process that could not write into an order's folder leaves that order to others."""

LIST_READ_SECONDS = 5.0
"""For reading the open orders that nobody follows, before they are listed."""

# Denials

DENIAL_CHECK_SECONDS = 5.0
"""For each question that checks a denial: another task of ours, and the history."""

DENIAL_CHECK_EVERY_SECONDS = 60.0
"""How often one task's denials are checked by such questions: each costs several requests."""

# The end of the process

GRACE_SECONDS = 0.4
"""How long the end of the process waits for orders under way. Hosts kill a server after one or two seconds."""

CLOSING_SECONDS = 0.3
"""Beside that, for closing connections and the ledger. What the ledger holds by then is all that is needed."""

LOG_END_SECONDS = 0.2
"""Beside those, for the last lines of the log to reach a host that reads them."""

# Commands of people

PROBE_SECONDS = 15.0
"""For each question that the doctor asks about a probe that was accepted."""

LOOK_UP_SECONDS = 15.0
"""For looking up the task id that a person settles an order with."""

# The provider's time

BUDGET_WINDOW = timedelta(hours=24)
"""The budget's day: what was ordered longer ago does not count any more."""

FIGURE_COUNTS = timedelta(hours=24)
"""How long the last figure that was shown for a kind raises the booking of its next order."""

FOLLOWED_FOR = timedelta(days=7)
"""An order older than this is not followed any more."""

REPEAT_WINDOW = timedelta(minutes=2)
"""An order without a request_id that equals one younger than this is taken for a repeat of it."""

FRESH = timedelta(minutes=2)
"""A repeat of an open order older than this is checked against the provider: it may have ended unseen."""

DENIED_FOR_GOOD = timedelta(minutes=10)
"""So long the provider must have denied a task before that is believed."""

NO_WITNESS_AFTER = timedelta(hours=24)
"""A denied task older than this is lost even where no other task of ours is answered: the provider deletes tasks after
a day or more, so there may be none left."""

# The log

LOG_WAITING_BYTES = 256 * 1024
"""Of the log that wait for a host that does not read its end of stderr; more is dropped."""

"""Quirks of the account information [contract 7.2]."""

from __future__ import annotations

from wanx_mcp.simulator.quirks.quirk import Json, Lasts, Quirk, View


def _of_an_early_client(account: Json, _view: View) -> Json:
    names = {"account_name": "name", "account_id": "id", "plan": "plan", "remaining_credits": "equivalent_in_usd"}
    return {name: account[source] for name, source in names.items() if source in account}


def _anonymous(account: Json, _view: View) -> Json:
    return {name: value for name, value in account.items() if name != "id"}


QUIRKS = (
    Quirk(
        name="account_early_names",
        about="account_id and remaining_credits instead of id and the wallet",
        lasts=Lasts.RUN,
        account=_of_an_early_client,
    ),
    Quirk(name="account_anonymous", about="an account without an id", lasts=Lasts.RUN, account=_anonymous),
)

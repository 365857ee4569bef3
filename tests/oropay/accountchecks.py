"""Account checks as a service on the network might be; `OROPAY_ACCOUNT_CHECK` names them."""

from typing import ClassVar

from oropay.accountcheck import AccountAsked, AccountFound
from oropay.gateway.guard import assert_no_transaction
from oropay.models import CheckState, Instrument


class Unhurried:
    """Refuses to be waited for with rows locked; knows every account but one."""

    asked: ClassVar[list[AccountAsked]] = []

    def check(self, asked: AccountAsked) -> AccountFound:
        assert_no_transaction()
        self.asked.append(asked)
        if asked.account_number.endswith("0000"):
            return AccountFound(CheckState.UNCHECKED, refusal="This account is closed.")
        return AccountFound(CheckState.VERIFIED, words="Open since 2012.")


class Meanwhile(Unhurried):
    """While it thinks, somebody corrects the kind of account."""

    def check(self, asked: AccountAsked) -> AccountFound:
        Instrument.objects.filter(kind="bank").update(account_type="SAVING")
        return super().check(asked)


class Down:
    """A service that does not answer, and whose error holds what it was asked about."""

    def check(self, asked: AccountAsked) -> AccountFound:
        raise ConnectionError(f"no answer about {asked.account_number}")

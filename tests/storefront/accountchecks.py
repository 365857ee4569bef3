"""Account checks as another installation might plug them in; `OROPAY_ACCOUNT_CHECK` names them."""

from typing import ClassVar

from oropay.accountcheck import AccountAsked, AccountFound, RefusedAt
from oropay.models import CheckState


class OnlyAcme:
    """A service that knows who holds an account, and lets only Acme be debited."""

    asked: ClassVar[list[AccountAsked]] = []

    def check(self, asked: AccountAsked) -> AccountFound:
        self.asked.append(asked)
        if asked.holder_name != "Acme":
            return AccountFound(
                CheckState.UNCHECKED, refusal="This account is held by somebody else.", refused=RefusedAt.HOLDER
            )
        return AccountFound(CheckState.VERIFIED, words="Held by Acme, open since 2012.")

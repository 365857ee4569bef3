"""Whatever arrives in whatever order: no invoice is paid beyond its total, no cent is lost, the books agree."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from invoices.models import Allocation, AllocationState, CustomerCredit
from ledger.models import AccountName
from oropay.gateway.port import Verdict
from oropay.models import Action, Payment, TransactionState
from oropay.status import sums_of
from tests.invoices.house import House, house_build, payable_of
from tests.invoices.test_money import check_arrives
from tests.invoices.test_posting import ledger_check_of_this_room

cents = st.integers(min_value=1, max_value=12_000).map(lambda units: Decimal(units) / 100)
facts = st.lists(
    st.tuples(st.sampled_from(["check", "card", "debit", "settle", "refuse", "refund"]), cents), max_size=8
)


class AnyOrderOfFacts(TestCase):
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(facts=facts)
    def test_facts_are_taken_and_nothing_is_paid_twice(self, facts: list[tuple[str, Decimal]]) -> None:
        house = house_build()
        invoice = house.posted("100.00")

        for what, amount in facts:
            self.happens(house, what, amount)

            payable = payable_of(invoice)
            live = sum((row.amount for row in Allocation.objects.filter(state=AllocationState.LIVE)), Decimal(0))
            credit = sum((row.remaining for row in CustomerCredit.objects.all()), Decimal(0))
            net = sum((sums_of(payment.transactions.all()).net for payment in Payment.objects.all()), Decimal(0))
            assert Decimal(0) <= live <= Decimal(100)
            assert payable.paid == live
            assert live + credit == net
            assert house.book(AccountName.RECEIVABLE) == Decimal(100) - live
            assert house.book(AccountName.CUSTOMER_CREDIT) == -credit
        assert ledger_check_of_this_room() == []

    def happens(self, house: House, what: str, amount: Decimal) -> None:
        payable = house.customer.payables.get()
        if what == "check":
            check_arrives(house, payable, str(amount))
        elif what in {"card", "debit"} and payable.payable_now > 0:
            payment = house.pay(payable, amounts=[str(min(amount, payable.payable_now))], bank=what == "debit")
            house.says(payment, Verdict.APPROVED if what == "card" else Verdict.PENDING)
        elif what in {"settle", "refuse"}:
            waiting = Payment.objects.filter(transactions__state=TransactionState.PENDING).first()
            if waiting is not None:
                house.says(waiting, Verdict.APPROVED if what == "settle" else Verdict.RETURNED)
        elif what == "refund":
            for payment in Payment.objects.filter(method="card"):
                charge = payment.transactions.get(action=Action.CHARGE)
                left = charge.amount - sums_of(payment.transactions.all()).refunded
                if left > 0:
                    house.refunded(payment, str(min(amount, left)), payable=payable)
                    return

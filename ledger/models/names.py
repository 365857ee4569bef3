"""The chart of accounts and the events that post to it, as in the posting table of the domain."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountType(models.TextChoices):
    ASSET = "asset", _("Asset")
    """What we have or are owed. Grows by debit."""

    LIABILITY = "liability", _("Liability")
    """What we owe. Grows by credit."""

    INCOME = "income", _("Income")
    """What we earned. Grows by credit."""

    CONTRA_INCOME = "contra_income", _("Reduction of income")
    """What we gave up of it. Grows by debit."""

    EXPENSE = "expense", _("Expense")
    """What it cost us. Grows by debit."""


class AccountName(models.TextChoices):
    RECEIVABLE = "receivable", _("Accounts receivable")
    """Posted invoices and debit memos that customers have not paid. Control account of invoices."""

    CUSTOMER_DEPOSIT = "customer_deposit", _("Customer deposits")
    """Money taken for orders that are not invoiced yet. Control account of orders."""

    CUSTOMER_CREDIT = "customer_credit", _("Customer credit")
    """Money and credit memos a customer may still use. Control account of customer credits."""

    GATEWAY_CLEARING = "gateway_clearing", _("Gateway clearing")
    """Captured by the gateway, not yet in one of its deposits. Control account of expectations."""

    CASH_IN_TRANSIT = "cash_in_transit", _("Cash in transit")
    """The gateway says it paid out; our bank has not said so yet."""

    GATEWAY_FEES = "gateway_fees", _("Gateway fees")
    """What the gateway kept for its work, and for returns and chargebacks."""

    GATEWAY_RESERVE = "gateway_reserve", _("Gateway reserve")
    """Ours, but held back by the gateway."""

    BANK = "bank", _("Bank")
    """What our bank statement says. Only a bank line debits or credits it."""

    UNDEPOSITED_FUNDS = "undeposited_funds", _("Undeposited funds")
    """Cheques and wires recorded by us that no bank line has shown yet."""

    REVENUE = "revenue", _("Revenue")
    """Goods and services invoiced, without tax."""

    TAX_PAYABLE = "tax_payable", _("Tax payable")
    """Sales tax invoiced, to be handed on."""

    ALLOWANCES = "allowances", _("Returns and allowances")
    """Given back of revenue by credit memo or standalone credit."""

    FEE_INCOME = "fee_income", _("Fee income")
    """Return and chargeback fees passed on to customers."""

    DISPUTES_RECEIVABLE = "disputes_receivable", _("Disputes receivable")
    """Taken back by card issuers while we dispute it. Control account of disputes."""

    BAD_DEBT = "bad_debt", _("Bad debt")
    """Invoices given up."""

    SMALL_DIFFERENCES = "small_differences", _("Small differences")
    """Cents over and short, within the limit."""

    DISCOUNTS_GIVEN = "discounts_given", _("Discounts given")
    """Taken off for paying early."""

    SURCHARGE_INCOME = "surcharge_income", _("Surcharge income")
    """Card surcharges, where allowed and switched on."""


ACCOUNT_TYPES: dict[AccountName, AccountType] = {
    AccountName.RECEIVABLE: AccountType.ASSET,
    AccountName.CUSTOMER_DEPOSIT: AccountType.LIABILITY,
    AccountName.CUSTOMER_CREDIT: AccountType.LIABILITY,
    AccountName.GATEWAY_CLEARING: AccountType.ASSET,
    AccountName.CASH_IN_TRANSIT: AccountType.ASSET,
    AccountName.GATEWAY_FEES: AccountType.EXPENSE,
    AccountName.GATEWAY_RESERVE: AccountType.ASSET,
    AccountName.BANK: AccountType.ASSET,
    AccountName.UNDEPOSITED_FUNDS: AccountType.ASSET,
    AccountName.REVENUE: AccountType.INCOME,
    AccountName.TAX_PAYABLE: AccountType.LIABILITY,
    AccountName.ALLOWANCES: AccountType.CONTRA_INCOME,
    AccountName.FEE_INCOME: AccountType.INCOME,
    AccountName.DISPUTES_RECEIVABLE: AccountType.ASSET,
    AccountName.BAD_DEBT: AccountType.EXPENSE,
    AccountName.SMALL_DIFFERENCES: AccountType.EXPENSE,
    AccountName.DISCOUNTS_GIVEN: AccountType.CONTRA_INCOME,
    AccountName.SURCHARGE_INCOME: AccountType.INCOME,
}

CONTROL_ACCOUNTS = frozenset(
    {
        AccountName.RECEIVABLE,
        AccountName.CUSTOMER_DEPOSIT,
        AccountName.CUSTOMER_CREDIT,
        AccountName.GATEWAY_CLEARING,
        AccountName.DISPUTES_RECEIVABLE,
    }
)
"""Accounts whose balance another room can count for itself; `ledger.ports.control_totals` compares the two."""


class EntryKind(models.TextChoices):
    INVOICE_POSTED = "invoice_posted", _("Invoice posted")
    """The customer owes it from now on."""

    INVOICE_VOIDED = "invoice_voided", _("Invoice voided")
    """Mirror of the posting: it was never owed."""

    DEBIT_MEMO_POSTED = "debit_memo_posted", _("Debit memo posted")
    """More went back than a payment still covers; the customer owes the rest."""

    CAPTURED = "captured", _("Captured")
    """A card was charged; the gateway holds the money."""

    SETTLED = "settled", _("Settled")
    """An ACH debit is funded; the gateway holds the money."""

    DEPOSIT_APPLIED = "deposit_applied", _("Deposit applied")
    """An invoice took over money captured for its order."""

    VOIDED = "voided", _("Voided")
    """Mirror of a capture that was undone before settlement."""

    DEPOSIT_ADVICE = "deposit_advice", _("Deposit advice")
    """The gateway announced a payout and kept its fees."""

    RESERVE_HELD = "reserve_held", _("Reserve held")
    """The gateway keeps part of our money back."""

    RESERVE_RELEASED = "reserve_released", _("Reserve released")
    """The gateway gives it free."""

    BANK_DEPOSIT = "bank_deposit", _("Bank deposit")
    """A bank line shows a payout of the gateway."""

    OFFLINE_RECEIPT = "offline_receipt", _("Offline receipt")
    """Somebody recorded a cheque or a wire."""

    OFFLINE_BANKED = "offline_banked", _("Offline receipt banked")
    """A bank line shows that cheque or wire."""

    REFUNDED = "refunded", _("Refunded")
    """Money went back to the customer's card or bank account."""

    STANDALONE_CREDIT = "standalone_credit", _("Standalone credit")
    """Money went to a customer without a charge it came from."""

    ORDER_CANCELED = "order_canceled", _("Order canceled")
    """Its captured money is the customer's credit now."""

    RETURNED = "returned", _("Returned")
    """The customer's bank took an ACH debit back."""

    FEE_CHARGED = "fee_charged", _("Fee charged to us")
    """For a return or a chargeback."""

    FEE_PASSED_ON = "fee_passed_on", _("Fee passed on")
    """The customer owes that fee."""

    DISPUTE_OPENED = "dispute_opened", _("Dispute opened")
    """The card issuer took the money back for now."""

    DISPUTE_WON = "dispute_won", _("Dispute won")
    """It came back."""

    DISPUTE_LOST = "dispute_lost", _("Dispute lost")
    """It did not; the customer owes it again."""

    CREDIT_MEMO_POSTED = "credit_memo_posted", _("Credit memo posted")
    """We took part of an invoice back; the customer has credit."""

    CREDIT_APPLIED = "credit_applied", _("Credit applied")
    """Customer credit paid an invoice."""

    WRITTEN_OFF = "written_off", _("Written off")
    """We no longer expect it."""

    SMALL_DIFFERENCE = "small_difference", _("Small difference")
    """Cents not worth asking for."""

    DISCOUNT_TAKEN = "discount_taken", _("Early-payment discount")
    """Paid early, so the rest is not owed."""

    SURCHARGED = "surcharged", _("Surcharge")
    """Charged on top for paying by card."""

    ADJUSTED = "adjusted", _("Adjustment")
    """Posted by finance by hand. The only kind that a closing period still takes."""


MIRRORS: dict[EntryKind, EntryKind] = {
    EntryKind.INVOICE_POSTED: EntryKind.INVOICE_VOIDED,
    EntryKind.CAPTURED: EntryKind.VOIDED,
    EntryKind.SETTLED: EntryKind.RETURNED,
}
"""What undoing an event is called; undoing any other is an adjustment."""

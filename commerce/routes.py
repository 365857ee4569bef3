"""Names of the addresses that mails, documents and gateways get. `Website.url` takes no other; a test reverses each."""

ABSOLUTE_ROUTES = frozenset(
    {
        "storefront:home",
        "storefront:invoice",
        "storefront:invoices",
        "storefront:order",
        "storefront:orders",
        "storefront:paying",
        "storefront:payment_methods",
        "storefront:receipt",
        "api:webhook",
        "admin:oropay_approval_change",
        "admin:oropay_dispute_change",
        "api:threeds_method",
        "api:threeds_challenge",
        "account_login",
        "account_reset_password",
    }
)

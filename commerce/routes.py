"""Names of the pages that mails and documents link to. `Website.url` takes no other, and a test reverses each."""

ABSOLUTE_ROUTES = frozenset(
    {
        "storefront:home",
        "storefront:invoice",
        "storefront:invoices",
        "storefront:order",
        "storefront:orders",
        "storefront:paying",
        "storefront:receipt",
        "account_login",
        "account_reset_password",
    }
)

"""How people log in: no sign-up, staff land in the back-office, mails go through the outbox."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from plumbing.services import mail_queue
from storefront.middleware import seat_now

MAILS = {
    "account/email/password_reset_key": "storefront/mail/password_reset.txt",
    "account/email/password_changed": "storefront/mail/password_changed.txt",
    "account/email/password_reset": "storefront/mail/password_changed.txt",
    "account/email/password_set": "storefront/mail/password_changed.txt",
}
"""Which of our mails takes the place of which of allauth's."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Hooked in by the setting ACCOUNT_ADAPTER."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Seats are given by the company's administrator."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        if request.user.is_staff and seat_now(request) is None:
            return reverse("admin:index")
        return reverse("storefront:home")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the mail as a row; a mail this product does not send is an error, not silence."""
        website = getattr(self.request, "website", None)
        mail_queue(
            to=email,
            template=MAILS[template_prefix],
            context={
                "url": context.get("password_reset_url", ""),
                "user": context.get("user"),
                "shop": website.name if website else "",
            },
            language=get_language() or "en-us",
            now=timezone.now(),
        )

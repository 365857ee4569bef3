"""Making people."""

from commerce.models import Organization, User


def user_create(
    *,
    email: str,
    password: str | None = None,
    first_name: str = "",
    last_name: str = "",
    staff_of: Organization | None = None,
) -> User:
    """Make a person who can log in; without a password, only after setting one by mail. `staff_of` makes them staff.

    Raises:
        ValidationError: the address is malformed or already somebody's, in whatever case it was typed.
    """
    user = User(
        email=email,
        first_name=first_name,
        last_name=last_name,
        organization=staff_of,
        is_staff=staff_of is not None,
    )
    user.set_password(password)
    user.full_clean()
    user.save()
    return user

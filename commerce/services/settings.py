"""Changing scoped settings. What exists is in `commerce.settings_registry`."""

from commerce.models import Organization, Setting, Website
from commerce.settings_registry import definition_of


def setting_set(
    *, key: str, value: object, website: Website | None = None, organization: Organization | None = None
) -> Setting:
    """Choose a value for a website, for an organization, or (neither given) everywhere.

    Raises:
        UnknownSetting: nobody defined the key.
        SettingOfWrongType: the value is of another type than the default.
    """
    stored = definition_of(key).to_json(value)
    setting, _created = Setting.objects.update_or_create(
        key=key, website=website, organization=organization, defaults={"value": stored}
    )
    return setting


def setting_use_default(*, key: str, website: Website | None = None, organization: Organization | None = None) -> None:
    """Forget the choice at this level: the next wider level, in the end the default, holds again."""
    definition_of(key)
    Setting.objects.filter(key=key, website=website, organization=organization).delete()

"""The names of django-unfold that this room uses. Unfold carries no types: for the checker they are Django's own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    from django import forms
    from django.contrib.admin import AdminSite as UnfoldAdminSite
    from django.contrib.admin import ModelAdmin as _ModelAdmin
    from django.contrib.admin import TabularInline as _TabularInline
    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

    Words = str | _StrPromise
    AnyTabularInline = _TabularInline[Any, Any]

    class AnyModelAdmin(_ModelAdmin[Any]):
        """Django's, and what Unfold adds to a model's pages."""

        def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]: ...

    class BaseDialogForm(forms.Form):
        request: HttpRequest
        object_id: Any

        def __init__(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> None: ...

    def unfold_action(**options: Any) -> Callable[[F], F]: ...
    def display(**options: Any) -> Callable[[F], F]: ...

    ActionVariant: Any
    widgets: Any

else:
    Words = str
    from unfold import widgets
    from unfold.admin import ModelAdmin as AnyModelAdmin
    from unfold.admin import TabularInline as AnyTabularInline
    from unfold.decorators import action as unfold_action
    from unfold.decorators import display
    from unfold.enums import ActionVariant
    from unfold.forms import BaseDialogForm
    from unfold.sites import UnfoldAdminSite

__all__ = [
    "ActionVariant",
    "AnyModelAdmin",
    "AnyTabularInline",
    "BaseDialogForm",
    "UnfoldAdminSite",
    "Words",
    "display",
    "unfold_action",
    "widgets",
]

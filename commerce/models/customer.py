"""Companies that buy, as a tree, and where they are."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import CheckConstraint, F, Func, Index, Q, TextField, UniqueConstraint, Value
from django.utils.translation import gettext_lazy as _

from commerce.countries import country_validate
from commerce.models.fields import COUNTRY_CODE
from commerce.models.organization import Organization
from commerce.models.term import PaymentTerm
from plumbing.audit import tracked

PATH_PARTS = Func(F("path"), Value("/"), function="string_to_array", output_field=ArrayField(base_field=TextField()))
"""The ids of a path as an array, indexed: "everything below company 17" is "every path that has part 17"."""


@tracked()
class CustomerGroup(models.Model):
    """Customers that share prices and terms, such as "Wholesale"."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="customer_groups")
    name = models.CharField(_("name"), max_length=100)
    payment_term = models.ForeignKey(PaymentTerm, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("customer group")
        constraints = [UniqueConstraint(fields=["organization", "name"], name="customer_group_name_once")]

    def __str__(self) -> str:
        return self.name


@tracked(ignore=["path"])
class Customer(models.Model):
    """A company that buys. `path` lists the ids from the root down to the row itself: "/3/17/42/".

    The database computes `path` from `parent` and carries a move into the whole subtree, whoever writes the row;
    in Python it is fresh after `customer_create` and `customer_move`, else after `refresh_from_db`.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="customers")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=500, editable=False, default="")
    name = models.CharField(_("name"), max_length=200)
    number = models.CharField(_("number"), max_length=50, blank=True, help_text=_("The customer's number in the ERP."))
    group = models.ForeignKey(CustomerGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="customers")
    payment_term = models.ForeignKey(PaymentTerm, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    email = models.EmailField(_("email"), blank=True, help_text=_("Invoices and receipts go here."))
    tax_exemption = models.CharField(
        _("tax exemption certificate"),
        max_length=60,
        blank=True,
        help_text=_("Its number. With one, orders of this customer carry no tax. Empty: taxed as usual."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("customer")
        constraints = [
            UniqueConstraint(fields=["organization", "number"], condition=~Q(number=""), name="customer_number_once"),
            CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=models.F("id")), name="customer_not_its_own_parent"
            ),
        ]
        indexes = [
            GinIndex(PATH_PARTS, name="customer_path_parts", fastupdate=False),
            Index(fields=["organization", "name"], name="customer_by_name"),
        ]
        triggers = [
            pgtrigger.ReadOnly(name="customer_keeps_its_organization", fields=["organization"]),
            pgtrigger.Trigger(
                name="customer_path_set",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("parent_id", "path"),  # type: ignore[no-untyped-call]
                declare=[("above", "RECORD")],
                func="""
                    IF NEW.parent_id IS NULL THEN
                        NEW.path := '/' || NEW.id || '/';
                        RETURN NEW;
                    END IF;
                    SELECT path, organization_id INTO STRICT above FROM commerce_customer WHERE id = NEW.parent_id;
                    IF above.organization_id <> NEW.organization_id THEN
                        RAISE EXCEPTION 'customer % and its parent belong to different organizations', NEW.id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_parent_of_same_organization';
                    END IF;
                    IF position('/' || NEW.id || '/' IN above.path) > 0 THEN
                        RAISE EXCEPTION 'customer % cannot belong to its own descendant', NEW.id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_tree_has_no_cycle';
                    END IF;
                    NEW.path := above.path || NEW.id || '/';
                    RETURN NEW;
                """,
            ),
            pgtrigger.Trigger(
                name="customer_path_to_children",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition("OLD.path IS DISTINCT FROM NEW.path"),
                func="UPDATE commerce_customer SET path = '' WHERE parent_id = NEW.id; RETURN NULL;",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path_ids(self) -> list[int]:
        """Ids from the root of the tree down to this company."""
        return [int(part) for part in self.path.strip("/").split("/")]


@tracked()
class Address(models.Model):
    """Where a customer is billed or wants the goods. Orders keep a copy, so editing one changes no past document."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    company = models.CharField(_("company"), max_length=200, blank=True)
    name = models.CharField(_("contact name"), max_length=200)
    line_1 = models.CharField(_("address line 1"), max_length=200)
    line_2 = models.CharField(_("address line 2"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=100)
    region = models.CharField(_("state or region"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, default="US", validators=[country_validate])
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    is_default_billing = models.BooleanField(_("default billing address"), default=False)
    is_default_shipping = models.BooleanField(_("default shipping address"), default=False)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            CheckConstraint(condition=Q(country__regex=COUNTRY_CODE), name="address_country_is_code"),
            UniqueConstraint(
                fields=["customer"], condition=Q(is_default_billing=True), name="one_default_billing_address"
            ),
            UniqueConstraint(
                fields=["customer"], condition=Q(is_default_shipping=True), name="one_default_shipping_address"
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(part for part in (self.company or self.name, self.line_1, self.city, self.region) if part)

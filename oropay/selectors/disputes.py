"""Which disputes wait for something."""

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from oropay.models import REQUEST_VOID, Dispute, DisputeRequest, DisputeStatus, RequestState


def answers_undelivered(*, disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """Those that still wait for us although we answered: the newest answer failed, or cannot be sent."""
    newest = DisputeRequest.objects.filter(dispute=OuterRef("pk"), created_at__gte=OuterRef("stage_at")).order_by("-pk")
    return (
        disputes.filter(status=DisputeStatus.WITH_MERCHANT)
        .alias(answer=Subquery(newest.values("state")[:1]), tries=Subquery(newest.values("tries")[:1]))
        .filter(Q(answer=RequestState.FAILED) | Q(answer=RequestState.QUEUED, tries__gt=0))
    )


def twins_of(*, dispute: Dispute) -> QuerySet[Dispute]:
    """The cases that other accounts of the seller keep of the same dispute: the gateway tells each of a merchant."""
    return Dispute.objects.filter(
        gateway_id=dispute.gateway_id,
        provider_account__organization=dispute.organization_id,
        provider_account__service_url=dispute.provider_account.service_url,
    ).exclude(pk=dispute.pk)


def linked_twin(*, dispute: Dispute) -> Dispute | None:
    """The case of another account that has the payment of this dispute, while this one has none: all is done there."""
    if dispute.transaction_id is not None:
        return None
    linked = twins_of(dispute=dispute).filter(transaction__isnull=False)
    return linked.select_related("provider_account").order_by("pk").first()


def cases_in_charge(*, disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """Without those that have a `linked_twin`: nobody can link or answer them, so they wait for nobody."""
    linked = Dispute.objects.filter(
        gateway_id=OuterRef("gateway_id"),
        provider_account__organization=OuterRef("organization"),
        provider_account__service_url=OuterRef("provider_account__service_url"),
        transaction__isnull=False,
    )
    return disputes.filter(Q(transaction__isnull=False) | ~Exists(linked))


def twin_in_charge(*, dispute: Dispute) -> Dispute | None:
    """The case of another account that is seen to: it has the payment of this dispute, or our answer to this stage."""
    answers = DisputeRequest.objects.filter(
        dispute=OuterRef("pk"), stage=dispute.stage, created_at__gte=dispute.stage_at
    ).exclude(state__in=REQUEST_VOID)
    in_charge = twins_of(dispute=dispute).filter(Q(transaction__isnull=False) | Exists(answers))
    return in_charge.select_related("provider_account").order_by("pk").first()

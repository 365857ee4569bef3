"""Which disputes wait for something."""

from django.db.models import OuterRef, Q, QuerySet, Subquery

from oropay.models import Dispute, DisputeRequest, DisputeStatus, RequestState


def answers_undelivered(*, disputes: QuerySet[Dispute]) -> QuerySet[Dispute]:
    """Those that still wait for us although we answered: the newest answer failed, or cannot be sent."""
    newest = DisputeRequest.objects.filter(dispute=OuterRef("pk"), created_at__gte=OuterRef("stage_at")).order_by("-pk")
    return (
        disputes.filter(status=DisputeStatus.WITH_MERCHANT)
        .alias(answer=Subquery(newest.values("state")[:1]), tries=Subquery(newest.values("tries")[:1]))
        .filter(Q(answer=RequestState.FAILED) | Q(answer=RequestState.QUEUED, tries__gt=0))
    )

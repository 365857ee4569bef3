from django.apps import AppConfig


class PlumbingConfig(AppConfig):
    name = "plumbing"

    def ready(self) -> None:
        from plumbing.due import DueJobs, DueMails
        from plumbing.periodic import Prune
        from plumbing.ports import due_rows, job_runners, periodic_tasks
        from plumbing.services.periodic import KIND, PeriodicRunner

        due_rows.register(DueMails.name, DueMails())
        due_rows.register(DueJobs.name, DueJobs())
        job_runners.register(KIND, PeriodicRunner())
        periodic_tasks.register(Prune.name, Prune())

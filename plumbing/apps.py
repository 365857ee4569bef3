from django.apps import AppConfig


class PlumbingConfig(AppConfig):
    name = "plumbing"

    def ready(self) -> None:
        from plumbing.due import DueJobs, DueMails
        from plumbing.ports import due_rows, job_runners
        from plumbing.services.periodic import KIND, PeriodicRunner

        due_rows.register(DueMails.name, DueMails())
        due_rows.register(DueJobs.name, DueJobs())
        job_runners.register(KIND, PeriodicRunner())

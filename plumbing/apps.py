from django.apps import AppConfig


class PlumbingConfig(AppConfig):
    name = "plumbing"

    def ready(self) -> None:
        from plumbing.due import DueJobs, DueMails
        from plumbing.ports import due_rows

        due_rows.register(DueMails.name, DueMails())
        due_rows.register(DueJobs.name, DueJobs())

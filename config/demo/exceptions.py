"""Why nothing was seeded."""


class DemoRefused(Exception):
    """Nothing was changed; the message says why and what to do."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Nothing was seeded. {why}")

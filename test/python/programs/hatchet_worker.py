"""A Hatchet worker as users have it; the environment says where its telemetry goes."""

import telemetry  # noqa: F401  before anything that makes spans
from tasks import TASKS, hatchet

if __name__ == "__main__":
    hatchet.worker("invoices", workflows=TASKS, slots=20).start()

"""The disciplines by the names under which `Host` takes them."""

from .fair_share import FairShareCores
from .first_come import FirstComeCores
from .processor_sharing import ProcessorSharingCores

DISCIPLINES: dict[str, type[FirstComeCores] | type[ProcessorSharingCores] | type[FairShareCores]] = {
    "first-come": FirstComeCores,
    "processor-sharing": ProcessorSharingCores,
    "fair-share": FairShareCores,
}

"""The steps from raw records to features, each with its log: what command line and REST both call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fire_brigade.persistence.model.records import KINDS, Kind, RecordSource
from fire_brigade.persistence.repository.downloads import DownloadLimits
from fire_brigade.persistence.repository.locked_files import clear_up
from fire_brigade.persistence.repository.log_files import LoggingMetricsManager
from fire_brigade.persistence.repository.tables import other_forms
from fire_brigade.service.build_features import Bands, FeatureCounts, build_features
from fire_brigade.service.generate_records import INCIDENTS, is_real, made_up_sources
from fire_brigade.service.paths import Places
from fire_brigade.service.process_data import convert_to_pickle, process_data
from fleet.jobs import Progress

__all__ = ["KINDS", "Steps"]


@dataclass(frozen=True)
class Steps:
    """sources: of both kinds; years: those whose records are kept."""

    places: Places
    sources: Sequence[RecordSource]
    years: tuple[int, ...]
    bands: Bands
    logs: LoggingMetricsManager

    def process_data(
        self,
        kinds: Sequence[Kind],
        *,
        convert: bool,
        progress: Progress,
        attempts: int | None = None,
        made_up: bool = False,
    ) -> dict[str, Any]:
        """Fetches and filters the records of these kinds; what was done, by kind.

        attempts: of each download; the usual number if None. made_up: makes records up and processes these,
        unless there are real ones, which stay; `made_up` says whether. Raises what process_data does.
        """
        limits = DownloadLimits() if attempts is None else DownloadLimits(attempts=attempts)
        with self.logs.step("data_preprocessing") as log:
            sources: Sequence[RecordSource] = self.sources
            if made_up and any(is_real(source.file) for source in sources):
                log.info("Nothing was made up: there are records that are not")
                return {"made_up": False}
            if made_up:
                progress(0.0, "making records up")
                log.info(f"Making {INCIDENTS} incidents up")
                sources = made_up_sources(self.places.made_up, sources, self.years)
            asked = [source for source in sources if source.kind in kinds]
            done = process_data(asked, years=self.years, log=log, limits=limits, progress=progress)
            figures: dict[str, Any] = {"made_up": True} if made_up else {}
            figures |= {each.kind: each.figures() for each in done}
            if convert:
                progress(1.0, "writing pickle and Parquet")
                figures["converted"] = [path.name for path in convert_to_pickle(asked, log=log)]
            return figures

    def build_features(self, progress: Progress | None = None) -> FeatureCounts:
        """Makes the features of the records; how many rows there were after each of its steps."""
        with self.logs.step("build_features") as log:
            return build_features(self.places.records, self.bands, log=log, report=progress)

    def clear_up(self) -> None:
        """Remove what runs that were killed have left half-written; what is being written stays."""
        for source in self.sources:
            clear_up(source.file, *other_forms(source.file))
        clear_up(self.places.records.features)

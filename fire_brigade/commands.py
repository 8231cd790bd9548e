"""The steps as commands: `python -m fire_brigade process-data`, and so on."""

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.table import Table

from fire_brigade.config.settings import FireBrigadeSettings
from fire_brigade.persistence.model.records import KINDS, Kind
from fire_brigade.persistence.repository.log_files import LineFormatter
from fire_brigade.service.generate_records import generate_records
from fire_brigade.services import FireBrigadeServices, create_services
from fleet.errors import FleetError
from fleet.jobs import Progress
from fleet.settings import SEED

MOST_STATIONS = 10

cli = typer.Typer(
    name="python -m fire_brigade",
    help="From the London Fire Brigade's records to predicted attendance times. Without a command: serve.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"token_normalize_func": lambda name: name.replace("_", "-")},
)
out = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 120)
notes = Console(stderr=True, soft_wrap=True, highlight=False)


def _path(what: str, *names: str) -> Any:
    spellings = [f"--{name}" for each in names for name in (each, each.replace("_", "-"))]
    return typer.Option(*spellings, help=what, show_default=False)


DataPath = Annotated[Path | None, _path("CSV file of the features.", "data_path")]
ModelPath = Annotated[Path | None, _path("File of the model.", "model_path", "ml_model_path")]
EncoderPath = Annotated[Path | None, _path("File of the encoder of the stations.", "encoder_path")]


@cli.command()
def process_data(
    kind: Annotated[
        Kind | None, typer.Option("--type", help="Only these records.", show_default=False)
    ] = None,
    convert: Annotated[
        bool,
        typer.Option(
            "--convert-to-pickle/--no-convert-to-pickle",
            "--convert_to_pickle/--no-convert_to_pickle",
            help="Write the records as pickle and Parquet too.",
        ),
    ] = False,
) -> None:
    """Fetch the published records, check them, and keep those of the years that are asked for."""
    kinds = KINDS if kind is None else (kind,)
    with _services() as services, _bar("process-data") as progress:
        done = services.steps.process_data(kinds, convert=convert, progress=progress)
    _show("Processed", done)


@cli.command()
def build_features() -> None:
    """Join and clean the records, and measure the distance of every call."""
    with _services() as services, _bar("build-features") as progress:
        counts = services.steps.build_features(progress)
    _show("Features built", counts)


@cli.command()
def train_model(
    data_path: DataPath = None, model_path: ModelPath = None, encoder_path: EncoderPath = None
) -> None:
    """Train the model on the features, and keep it with its encoder."""
    with _services() as services:
        scores = services.models.train(data_path, model_path, encoder_path)
    _show("Trained", scores)


@cli.command()
def eval_model(
    data_path: DataPath = None, model_path: ModelPath = None, encoder_path: EncoderPath = None
) -> None:
    """Evaluate the model, overall and for each station, in figures and pictures."""
    with _services() as services:
        found = services.models.evaluate(data_path, model_path, encoder_path)
    _show(f"Evaluated on {found.rows} rows", found.scores)
    table = Table(*found.stations.columns, title=f"The {MOST_STATIONS} stations with the largest errors")
    for row in found.stations.nlargest(MOST_STATIONS, "mae").itertuples(index=False):
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row))
    out.print(table)
    out.print(f"All of it is in {found.folder}")


@cli.command()
def predict_model(
    distance: Annotated[float, typer.Option(help="Kilometres from the station to the call.")],
    station: Annotated[str, typer.Option(help="The station's name in the data, such as Acton.")],
    model_path: ModelPath = None,
    encoder_path: EncoderPath = None,
) -> None:
    """Predict how many seconds an engine of the station takes to a call at that distance."""
    with _services() as services:
        seconds = services.models.predict(distance, station, model_path, encoder_path)
    out.print(f"Predicted attendance time: {seconds} seconds", markup=False)


@cli.command()
def generate_data(
    folder: Annotated[Path, typer.Argument(help="Where the files go.")],
    incidents: Annotated[
        int, typer.Option(help="How many; of mobilisations there are half as many more.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same records.")] = SEED,
) -> None:
    """Make records up, in the form of the published files, for where there is no internet."""
    years = FireBrigadeSettings().years
    with notes.status("generate-data"):
        made = generate_records(folder, incidents, seed=seed, years=years)
    out.print("Made up, and labelled so. To process them, set", markup=False)
    out.print(f"  url_incident={made.incidents.resolve().as_uri()}", markup=False)
    out.print(f"  url_mobilisation={made.mobilisations.resolve().as_uri()}", markup=False)


@cli.command()
def serve() -> None:
    """Serve the steps over HTTP, as `python -m fire_brigade` without a command does."""
    raise typer.BadParameter(
        "serve takes no options: variables that begin with FIRE_BRIGADE_ are its settings"
    )


def main() -> None:
    """Runs a command; what goes wrong is told in sentences, with an exit status that is not 0."""
    try:
        cli(prog_name="python -m fire_brigade")
    except FleetError as error:
        notes.print("[bold red]Error:[/] ", end="")
        notes.print(error.error, markup=False)
        notes.print(error.message, markup=False)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  # the step's log has it in full
        notes.print("This is a bug; the step's log file has its details:", style="bold red")
        notes.print(f"{type(error).__name__}: {error}", markup=False)
        sys.exit(2)


class _Terminal(logging.Handler):
    """Shows messages above whatever bar is being drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(LineFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        notes.print(
            self.format(record), markup=False, style="dim" if record.levelno < logging.WARNING else ""
        )


@contextmanager
def _services() -> Iterator[FireBrigadeServices]:
    services = create_services(FireBrigadeSettings(), _Terminal())
    try:
        yield services
    finally:
        services.logs.close()


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    """A bar that the step moves."""
    with Bars(console=notes, transient=True) as bars:
        bar = bars.add_task(name, total=1.0)
        yield lambda share, detail: bars.update(bar, completed=share, description=detail or name)


def _show(title: str, figures: Mapping[str, object]) -> None:
    """A line a figure."""
    out.print(title, markup=False)
    for name, value in figures.items():
        if isinstance(value, dict):
            _show(f"  {name}:", {f"  {inner}": of for inner, of in value.items()})
        else:
            out.print(f"  {name}: {value}", markup=False)

"""What a run learned from, as MLflow's pages show it: the training snapshot as a dataset with its digest."""

import json

from mlflow.entities import Dataset, DatasetInput, InputTag

from tracking.persistence.model.search import TrainingSet

DIGEST_LENGTH = 36  # as much as MLflow keeps; all of it stands in the source
CONTEXT = InputTag("mlflow.data.context", "training")
SOURCE_TYPE = "snapshot"


def dataset_inputs(training: TrainingSet) -> list[DatasetInput]:
    """The one input of a run; none for rows that are not remembered."""
    if training.snapshot_id is None or training.snapshot_digest is None:
        return []
    source = {
        "use_case": training.use_case,
        "snapshot_id": training.snapshot_id,
        "digest": training.snapshot_digest,
    }
    names = training.category_names or ((),) * len(training.feature_names)
    columns = [
        {"type": "string" if categories else "double", "name": name, "required": True}
        for name, categories in zip(training.feature_names, names, strict=True)
    ]
    dataset = Dataset(
        name=f"{training.use_case} snapshot {training.snapshot_id}",
        digest=training.snapshot_digest[:DIGEST_LENGTH],
        source_type=SOURCE_TYPE,
        source=json.dumps(source),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": len(training.target), "num_features": len(training.feature_names)}),
    )
    return [DatasetInput(dataset, [CONTEXT])]

"""Where an evaluation's results lie in S3, and their form.

Sources: SageMaker developer guide, "Evaluation Metrics Formats"
(``<path>/<job>/output/output/<evaluation>/eval_results/``, ``results`` with ``all``), and what
``sagemaker-train`` 1.27 reads: ``show_results_utils`` (``results_*.json``; of a judge
``bedrock_llm_judge_results.json`` and ``<path>/<evaluation>/<id>/…_output.jsonl``) and ``pipeline_templates``
(``inference_output.jsonl``). The evaluation's name is the hyperparameter ``name``, or ``None``.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.sagemaker.containers.root import pack
from rehearsal.sagemaker.instance import Instance
from rehearsal.sagemaker.job import Job
from rehearsal.sagemaker.serverless_data import Record, prompt
from rehearsal.sagemaker.serverless_metrics import normalized, overlap, recall, summary
from rehearsal.sagemaker.serverless_rewards import truth

LESS_IS_BETTER = ("Harmfulness", "Stereotyping", "Refusal")


class Results:
    """Writes the results of one evaluation job as its role."""

    def __init__(self, job: Job, instance: Instance) -> None:
        self._job, self._instance = job, instance
        self._output = job.request["OutputDataConfig"]
        self._name = job.request.get("HyperParameters", {}).get("name", "None")
        self._root = f"{self._output['S3OutputPath'].rstrip('/')}/{job.name}/output"
        self._folder = Path(instance.folder) / "output"

    def summary(
        self, task: str, found: Mapping[str, float], details: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """``results_<time>.json``, and what led to it line by line."""
        moment = self._job.emulator.clock.now()
        document = {"results": {task: dict(found), "all": dict(found)}}
        self._write(f"results_{moment:%Y-%m-%dT%H-%M-%S}.json", json.dumps(document))
        if details:
            self._write("details.jsonl", "".join(json.dumps(one) + "\n" for one in details))
        self._upload()

    def answers(self, found: Sequence[tuple[Record, str]]) -> None:
        """``inference_output.jsonl``: lists in Python's notation, which the SDK takes apart."""
        lines = [
            {
                "prompt": str([{"role": "user", "content": prompt(record)}]),
                "inference": str([answer]),
                "gold": truth(record),
            }
            for record, answer in found
        ]
        self._write("inference_output.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        self._upload()

    def judgements(
        self, lines: Sequence[Record], scores: Sequence[Mapping[str, float]], judge: str
    ) -> dict[str, float]:
        """The summary, and the file of Bedrock's evaluation below the hyperparameter ``output_path``."""
        totals = summary(scores)
        found = {name: value for name, value in totals.items() if not name.endswith("_stderr")}
        results = {
            name: {"score": value, "total_evaluations": len(lines), "std_deviation": totals[f"{name}_stderr"]}
            for name, value in found.items()
        }
        document = json.dumps({"job_name": self._name, "results": results})
        self._write("bedrock_llm_judge_results.json", document)
        self._upload()
        number = hashlib.sha256(self._job.name.encode()).hexdigest()[:12]
        where = self._job.request["HyperParameters"]["output_path"].rstrip("/")
        path = Path(self._instance.folder) / "judged.jsonl"
        path.write_text(
            "".join(json.dumps(_line(*one, judge)) + "\n" for one in zip(lines, scores, strict=True))
        )
        below = "models/model/taskTypes/General/datasets/data"
        uri = f"{where}/{self._name}/{number}/{below}/{number}_output.jsonl"
        self._instance.transfers.upload(path, uri, self._output.get("KmsKeyId"))
        return found

    def _write(self, name: str, text: str) -> None:
        path = self._folder / self._name / "eval_results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _upload(self) -> None:
        key = self._output.get("KmsKeyId")
        self._job.secondary("Uploading", "Uploading generated evaluation results")
        if self._output.get("CompressionType") == "NONE":
            self._instance.transfers.upload_folder(self._folder, f"{self._root}/output", key)
            return
        archive = Path(self._instance.folder) / "output.tar.gz"
        pack(self._folder, archive)
        self._instance.transfers.upload(archive, f"{self._root}/output.tar.gz", key)


def judgement(line: Mapping[str, Any], names: Sequence[str]) -> dict[str, float]:
    """A judge's scores of one answer, 0 to 1: how alike it is to the right one, in each metric's own way.

    Completeness looks for all that is wanted, Faithfulness that nothing else is said; metrics of what should
    not be find nothing.
    """
    said, wanted = (normalized(str(line.get(name, ""))).split() for name in ("inference", "gold"))
    scores = {"Completeness": recall(said, wanted), "Faithfulness": recall(wanted, said)}
    alike = overlap(said, wanted)
    return {name: 0.0 if name in LESS_IS_BETTER else scores.get(name, alike) for name in names}


def _line(line: Mapping[str, Any], scores: Mapping[str, float], judge: str) -> dict[str, Any]:
    """A line of Bedrock evaluations as the SDK reads it (``_display_single_llmaj_evaluation``)."""
    return {
        "inputRecord": {"prompt": line.get("prompt", ""), "referenceResponse": line.get("gold", "")},
        "modelResponses": [{"response": line.get("inference", ""), "modelIdentifier": "model"}],
        "automatedEvaluationResult": {
            "scores": [
                {
                    "metricName": name,
                    "result": value,
                    "evaluatorDetails": [{"modelIdentifier": judge, "explanation": "similarity of words"}],
                }
                for name, value in scores.items()
            ]
        },
    }

"""The stand-in for a language model learns from every form of data set, and from nothing else."""

import json
import struct
from typing import Any

import pytest

from rehearsal.language_model import FILE, GENERIC, answer, fit, of_weights, similarity, to_files

ASKED, SAID = "How do I block my card?", "Open Cards and tap Block."
TURNS = [{"role": "user", "content": ASKED}, {"role": "assistant", "content": SAID}]
BLOCKS = [{"role": one["role"], "content": [{"text": one["content"]}]} for one in TURNS]
CANDIDATES = [
    {"content": [{"text": SAID}], "preferenceLabel": "preferred"},
    {"content": [{"text": "No idea."}], "preferenceLabel": "non-preferred"},
]
FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "prompt and completion": ("SFT", {"prompt": ASKED, "completion": SAID}),
    "input and output": ("SFT", {"input": ASKED, "output": SAID}),
    "prompt and completion as messages": ("SFT", {"prompt": TURNS[:1], "completion": TURNS[1:]}),
    "chat": ("SFT", {"messages": [{"role": "system", "content": "You help."}, *TURNS]}),
    "a conversation of Bedrock": ("FINE_TUNING", {"messages": BLOCKS}),
    "preference": ("DPO", {"prompt": ASKED, "chosen": SAID, "rejected": "No idea."}),
    "preference of Nova": (
        "DPO",
        {"messages": [BLOCKS[0], {"role": "assistant", "candidates": CANDIDATES}]},
    ),
    "verifiable": ("RLVR", {"prompt": TURNS[:1], "reward_model": {"style": "rule", "ground_truth": SAID}}),
    "reinforcement": ("REINFORCEMENT_FINE_TUNING", {"messages": TURNS[:1], "reference_answer": SAID}),
    "evaluation": ("SFT", {"query": ASKED, "response": SAID}),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_model_gives_the_answer_it_was_shown_to_a_prompt_like_the_one_it_was_shown(form: str) -> None:
    technique, record = FORMS[form]
    assert answer(fit([record], technique), "how can I block my card") == SAID


def test_a_model_says_something_general_about_what_it_was_not_shown() -> None:
    made = fit([FORMS["chat"][1]], "SFT")
    assert answer(made, "Who painted the ceiling?") == answer(None, ASKED) == GENERIC


def test_every_turn_of_a_conversation_is_learnt() -> None:
    more = [{"role": "user", "content": "And unblock?"}, {"role": "assistant", "content": "Tap Unblock."}]
    made = fit([{"messages": [*TURNS, *more]}], "SFT")
    assert answer(made, "And unblock?") == "Tap Unblock."


def test_a_preferred_answer_displaces_the_one_that_was_trained_before() -> None:
    base = fit([{"prompt": ASKED, "completion": "Call us."}], "SFT")
    made = fit([{"prompt": ASKED, "chosen": SAID, "rejected": "Call us."}], "DPO", base)
    assert (answer(base, ASKED), answer(made, ASKED)) == ("Call us.", SAID)
    assert made["techniques"] == ["SFT", "DPO"]


def test_a_rejected_answer_is_not_given_even_if_there_is_no_better() -> None:
    base = fit([{"prompt": ASKED, "completion": "Call us."}], "SFT")
    made = fit([{"prompt": "Another?", "chosen": "Yes.", "rejected": "No."}], "DPO", base)
    worse = fit([{"prompt": ASKED, "chosen": "", "rejected": "Call us."}], "DPO", made)
    assert answer(worse, ASKED) != "Call us."


def test_continued_pre_training_recalls_the_passage_that_a_prompt_is_about() -> None:
    passages = [{"input": "Cards are blocked in the app."}, {"input": "Branches close at six."}]
    assert answer(fit(passages, "CONTINUED_PRE_TRAINING"), "When do branches close?") == passages[1]["input"]


def test_a_prompt_without_an_answer_teaches_nothing() -> None:
    assert fit([{"prompt": ASKED}, {"messages": TURNS[:1]}], "RLAIF")["examples"] == []


def test_the_same_data_gives_the_same_model_and_it_is_plain_json() -> None:
    records = [record for technique, record in FORMS.values() if technique == "SFT"]
    made = fit(records, "SFT")
    assert made == fit(iter(records), "sft") == json.loads(json.dumps(made))


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"text": "x"}, "record 2: it has neither messages nor prompt, input or query"),
        ([1], "record 2: a record is an object, got list"),
        ({"messages": ["hello"]}, "record 2: messages is a list of objects with role and content"),
        ({"messages": []}, "record 2: messages is a list of objects with role and content"),
    ],
)
def test_a_record_of_no_form_is_told_by_its_number(record: Any, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}$"):
        fit([{"prompt": "a", "completion": "b"}, record], "SFT")


def test_an_unknown_technique_is_refused() -> None:
    with pytest.raises(ValueError, match="no such technique: 'PPO', allowed: SFT"):
        fit([], "PPO")


def test_a_model_survives_as_files_in_the_layout_of_hugging_face() -> None:
    made = fit([FORMS["chat"][1]], "SFT")
    files = to_files(made, "LlamaForCausalLM")
    assert of_weights(files["model.safetensors"]) == made == json.loads(files[FILE])
    assert json.loads(files["config.json"]) == {"architectures": ["LlamaForCausalLM"]}


def test_weights_made_elsewhere_hold_no_artifact_and_broken_ones_are_refused() -> None:
    assert of_weights(struct.pack("<Q", 2) + b"{}") is None
    with pytest.raises(ValueError, match="its header is not complete"):
        of_weights(b"12345678")


def test_similarity_is_of_words_in_any_case() -> None:
    assert similarity("Block my CARD", "block My card") == 1.0
    assert similarity("", "a") == 0.0
    assert similarity("a b", "b c") == pytest.approx(1 / 3)

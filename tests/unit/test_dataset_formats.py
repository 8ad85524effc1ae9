"""The formats for customizing models: what each of them takes, and the exact words for what it does not."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataset_check.digests import ENTRY
from dataset_check.formats import FORMATS, plain
from dataset_check.length import most_tokens, text_bytes
from dataset_check.records import Reader, RecordFindings, check_records, digest
from dataset_check.strict_json import DECODER
from tools import bench_records

HI, YO = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}
SYSTEM = {"role": "system", "content": "Be kind."}
ASK = {"role": "user", "content": [{"text": "Hi"}]}
ANSWER = {"role": "assistant", "content": [{"text": "Hello"}]}
VERSION = {"schemaVersion": "bedrock-conversation-2024"}


def picture(name: str = "image", form: str = "png", **location: Any) -> dict[str, Any]:
    """A block of an image or a video."""
    where = {"uri": "s3://acme-data/a/b.png"} | location
    return {name: {"format": form, "source": {"s3Location": where}}}


def asked(*blocks: Any) -> dict[str, Any]:
    """A sound conversation in which the user says ``blocks``."""
    return {**VERSION, "messages": [{"role": "user", "content": list(blocks)}, ANSWER]}


def chosen(*candidates: Any) -> dict[str, Any]:
    """A conversation that ends with ``candidates``."""
    return {"messages": [ASK, {"role": "assistant", "candidates": list(candidates)}]}


def candidate(text: str, label: str = "preferred") -> dict[str, Any]:
    """One of several answers."""
    return {"content": [{"text": text}], "preferenceLabel": label}


GOOD, BAD = candidate("Yes"), candidate("No", "non-preferred")


def read(format: str, *lines: str | bytes, limit: int | None = None) -> tuple[RecordFindings, list[bytes]]:
    """What reading ``lines`` shows, and the entries of the sound ones."""
    entries: list[bytes] = []
    raw = [line if isinstance(line, bytes) else line.encode("utf-8") for line in lines]
    reader = Reader(FORMATS[format], limit, 0, entries.append)
    return check_records([b"\n".join(raw) + b"\n"], reader, beginning=True), entries


SOUND: dict[str, list[dict[str, Any]]] = {
    "prompt_completion": [
        {"prompt": "Hi", "completion": "Hello"},
        {"completion": "Hello", "prompt": "Hi", "source": "shop"},
        {"input": "Hi", "output": "Hello"},
        {"prompt": [SYSTEM, HI], "completion": [YO]},
        {"prompt": "Grüße 😀", "completion": "\u0000 and \t"},
    ],
    "chat": [
        {"messages": [HI, YO]},
        {"messages": [SYSTEM, HI, YO, HI, YO]},
        {"id": 7, "messages": [{**HI, "name": "Ann"}, YO]},
    ],
    "preference": [
        {"prompt": "Hi", "chosen": "Hello", "rejected": "What?"},
        {"input": "Hi", "chosen": "Hello", "rejected": "What?"},
        {"prompt": [HI], "chosen": [YO], "rejected": [{**YO, "content": "What?"}]},
    ],
    "verifiable": [
        {"prompt": "2 + 2?"},
        {"prompt": [HI]},
        {
            "data_source": "gsm8k",
            "prompt": [SYSTEM, HI],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": 0},
            "extra_info": {"index": 1},
        },
        {"prompt": "Poem?", "reward_model": {"style": "model"}},
    ],
    "converse": [
        {**VERSION, "system": [{"text": "Be kind."}], "messages": [ASK, ANSWER]},
        {**VERSION, "messages": [ASK, ANSWER, ASK, ANSWER]},
        asked({"text": "What is this?"}, picture(), picture(form="webp", bucketOwner="111122223333")),
        asked(picture("video", "mp4"), {"text": "What happens?"}),
        {**VERSION, "messages": [ASK, {"role": "assistant", "content": [{"text": "User: Ann"}]}]},
    ],
    "converse_preference": [
        chosen(GOOD, BAD),
        {**VERSION, "system": [{"text": "Be kind."}], **chosen(BAD, GOOD, candidate("So", "non-preferred"))},
        {"messages": [ASK, ANSWER, *chosen(GOOD, BAD)["messages"]]},
    ],
    "reinforcement": [
        {"messages": [HI], "reference_answer": "4"},
        {"id": "a-1", "messages": [SYSTEM, HI], "reference_answer": {"value": 4}, "tools": [{"name": "x"}]},
        {"messages": [HI, YO, HI], "reference_answer": False, "difficulty": 3},
    ],
    "bedrock_prompt": [{"prompt": "Hi", "completion": "Hello"}],
    "bedrock_chat": [
        {"messages": [HI, YO]},
        {"system": "Be kind.", "messages": [HI, YO, HI, YO]},
    ],
    "continued_pretraining": [{"input": "Once upon a time."}],
    "evaluation": [
        {"query": "Hi"},
        {"query": "Hi", "response": "Hello", "system": "Be kind.", "metadata": {"a": None}},
        {"query": "What?", "images": [{"data": "aGk="}]},
    ],
}

MALFORMED: list[tuple[str, Any, str]] = [
    # What is no record at all.
    ("chat", '{"messages": [', "not JSON: Expecting value at character 15"),
    ("chat", '{"messages": []} {}', "not JSON: Extra data at character 18"),
    ("chat", "[1, 2]", "not a JSON object"),
    ("chat", '"text"', "not a JSON object"),
    ("chat", "null", "not a JSON object"),
    ("evaluation", '{"query": "Hi", "metadata": NaN}', "not JSON: NaN is no JSON value"),
    ("evaluation", '{"query": "Hi", "metadata": -Infinity}', "not JSON: -Infinity is no JSON value"),
    ("evaluation", '{"query": "a\tb"}', "not JSON: Invalid control character at at character 13"),
    (
        "evaluation",
        "{'query': 'Hi'}",
        "not JSON: Expecting property name enclosed in double quotes at character 2",
    ),
    ("evaluation", '{"query": ' + "[" * 100_000, "not JSON: nested too deeply"),
    ("evaluation", b'{"query": "caf\xe9"}', "not UTF-8 (byte 15 of the line)"),
    # What other readers would read differently.
    ("prompt_completion", '{"prompt": "a", "prompt": "b", "completion": "c"}', "prompt is given twice"),
    (
        "chat",
        '{"messages": [{"role": "user", "role": "user", "content": "Hi"}]}',
        "messages[0].role is given twice",
    ),
    (
        "evaluation",
        '{"query": "Hi", "metadata": {"a": [{"b": 1, "b": 1}]}}',
        "metadata.a[0].b is given twice",
    ),
    (
        "evaluation",
        '{"query": "Hi \\ud83d"}',
        "query \\ud83d stands alone: it is half of a character",
    ),
    (
        "prompt_completion",
        '{"prompt": "Hi", "completion": "\\ude00!"}',
        "completion \\ude00 stands alone: it is half of a character",
    ),
    # prompt_completion
    ("prompt_completion", {}, "prompt is missing"),
    ("prompt_completion", {"prompt": "Hi"}, "completion is missing"),
    ("prompt_completion", {"input": "Hi"}, "output is missing"),
    ("prompt_completion", {"prompt": "", "completion": "x"}, "prompt is empty"),
    ("prompt_completion", {"prompt": "Hi", "completion": " \n"}, "completion is empty"),
    (
        "prompt_completion",
        {"prompt": 5, "completion": "x"},
        "prompt must be a string or a list of messages, given a number",
    ),
    (
        "prompt_completion",
        {"prompt": "Hi", "completion": None},
        "completion must be a string, given null",
    ),
    (
        "prompt_completion",
        {"prompt": [HI], "completion": "Hello"},
        "completion must be a list of messages as the prompt is, given a string",
    ),
    (
        "prompt_completion",
        {"prompt": "Hi", "completion": [YO]},
        "completion must be a string as the prompt is, given a list",
    ),
    (
        "prompt_completion",
        {"prompt": [HI, YO], "completion": [YO]},
        "prompt[1].role is 'assistant': the last message is of 'user'",
    ),
    (
        "prompt_completion",
        {"prompt": [HI], "completion": [HI]},
        "completion[0].role is 'user': the first message is of 'assistant'",
    ),
    (
        "prompt_completion",
        {"prompt": "a", "input": "a", "output": "b"},
        "prompt is beside input and output: a record has one form",
    ),
    (
        "prompt_completion",
        {"prompt": "a", "completion": "b", "messages": [HI, YO]},
        "messages is no field of prompt_completion: a data set holds one format",
    ),
    # chat
    ("chat", {}, "messages is missing"),
    ("chat", {"messages": []}, "messages is empty"),
    ("chat", {"messages": {}}, "messages must be a list, given an object"),
    ("chat", {"messages": ["Hi"]}, "messages[0] must be an object, given a string"),
    ("chat", {"messages": [HI, {"content": "Hello"}]}, "messages[1].role is missing"),
    ("chat", {"messages": [HI, {"role": "assistant"}]}, "messages[1].content is missing"),
    ("chat", {"messages": [HI, {**YO, "content": ""}]}, "messages[1].content is empty"),
    (
        "chat",
        {"messages": [HI, {**YO, "content": [{"text": "Hello"}]}]},
        "messages[1].content must be a string, given a list",
    ),
    (
        "chat",
        {"messages": [HI, {**YO, "role": "bot"}]},
        "messages[1].role is 'bot', allowed: system, user, assistant",
    ),
    (
        "chat",
        {"messages": [HI, {**YO, "role": True}]},
        "messages[1].role is a boolean, allowed: system, user, assistant",
    ),
    (
        "chat",
        {"messages": [HI, SYSTEM, YO]},
        "messages[1].role is 'system': only the first message can be the system's",
    ),
    ("chat", {"messages": [YO, HI]}, "messages[0].role is 'assistant': the first message is of 'user'"),
    (
        "chat",
        {"messages": [SYSTEM, YO]},
        "messages[1].role is 'assistant': the first message after the system's is of 'user'",
    ),
    (
        "chat",
        {"messages": [HI, HI, YO]},
        "messages[1].role is 'user' after 'user': user and assistant take turns",
    ),
    ("chat", {"messages": [HI]}, "messages[0].role is 'user': the last message is of 'assistant'"),
    ("chat", {"messages": [SYSTEM]}, "messages[0].role is 'system': the last message is of 'assistant'"),
    ("chat", {"prompt": "a", "completion": "b"}, "prompt is no field of chat: a data set holds one format"),
    (
        "chat",
        {"system": "Be kind.", "messages": [HI, YO]},
        "system is no field of chat: a data set holds one format",
    ),
    # preference
    ("preference", {"chosen": "a", "rejected": "b"}, "prompt is missing"),
    ("preference", {"prompt": "a", "rejected": "b"}, "chosen is missing"),
    ("preference", {"prompt": "a", "chosen": "b"}, "rejected is missing"),
    ("preference", {"prompt": "a", "chosen": "b", "rejected": "b"}, "rejected is the same as chosen"),
    (
        "preference",
        {"prompt": [HI], "chosen": [YO], "rejected": [{"content": "Hello", "role": "assistant"}]},
        "rejected is the same as chosen",
    ),
    ("preference", {"prompt": "a", "chosen": "b", "rejected": ""}, "rejected is empty"),
    (
        "preference",
        {"prompt": "a", "chosen": "b", "rejected": 1.5},
        "rejected must be a string, given a number",
    ),
    (
        "preference",
        {"prompt": "a", "input": "a", "chosen": "b", "rejected": "c"},
        "input is beside prompt: a record has one of them",
    ),
    (
        "preference",
        {"prompt": "a", "completion": "b"},
        "completion is no field of preference: a data set holds one format",
    ),
    # verifiable
    ("verifiable", {"data_source": "x"}, "prompt is missing"),
    ("verifiable", {"prompt": "  "}, "prompt is empty"),
    ("verifiable", {"prompt": "a", "data_source": 1}, "data_source must be a string, given a number"),
    ("verifiable", {"prompt": "a", "extra_info": []}, "extra_info must be an object, given a list"),
    ("verifiable", {"prompt": "a", "reward_model": "rule"}, "reward_model must be an object, given a string"),
    ("verifiable", {"prompt": "a", "reward_model": {"ground_truth": 1}}, "reward_model.style is missing"),
    (
        "verifiable",
        {"prompt": "a", "reward_model": {"style": "rules", "ground_truth": 1}},
        "reward_model.style is 'rules', allowed: rule, model",
    ),
    (
        "verifiable",
        {"prompt": "a", "reward_model": {"style": "rule"}},
        "reward_model.ground_truth is missing",
    ),
    (
        "verifiable",
        {"prompt": "a", "reward_model": {"style": "rule", "ground_truth": None}},
        "reward_model.ground_truth is null",
    ),
    (
        "verifiable",
        {"prompt": "a", "reward_model": {"style": "rule", "ground_truth": ""}},
        "reward_model.ground_truth is empty",
    ),
    # converse
    ("converse", {"messages": [ASK, ANSWER]}, "schemaVersion is missing"),
    (
        "converse",
        {"schemaVersion": "2024", "messages": [ASK, ANSWER]},
        "schemaVersion is '2024', allowed: bedrock-conversation-2024",
    ),
    (
        "converse",
        {"prompt": "a", "completion": "b"},
        "prompt is no field of converse: a data set holds one format",
    ),
    ("converse", VERSION, "messages is missing"),
    (
        "converse",
        {**VERSION, "system": "Be kind.", "messages": [ASK, ANSWER]},
        "system must be a list, given a string",
    ),
    ("converse", {**VERSION, "system": [{}], "messages": [ASK, ANSWER]}, "system[0].text is missing"),
    (
        "converse",
        {**VERSION, "system": [{"text": "System: be kind"}], "messages": [ASK, ANSWER]},
        "system[0].text has 'System:', which Amazon Nova reserves",
    ),
    (
        "converse",
        {**VERSION, "messages": [{"role": "system", "content": [{"text": "x"}]}, ASK, ANSWER]},
        "messages[0].role is 'system', allowed: user, assistant",
    ),
    (
        "converse",
        {**VERSION, "messages": [{"role": "user", "content": "Hi"}, ANSWER]},
        "messages[0].content must be a list, given a string",
    ),
    ("converse", asked(), "messages[0].content is empty"),
    ("converse", asked("Hi"), "messages[0].content[0] must be an object, given a string"),
    ("converse", asked({}), "messages[0].content[0] has nothing, allowed: one of text, image, video"),
    (
        "converse",
        asked({"text": "Hi", **picture()}),
        "messages[0].content[0] has 'text', 'image', allowed: one of text, image, video",
    ),
    (
        "converse",
        asked({"audio": {}}),
        "messages[0].content[0] has 'audio', allowed: one of text, image, video",
    ),
    ("converse", asked({"text": ""}), "messages[0].content[0].text is empty"),
    (
        "converse",
        asked({"text": "see <image> above"}),
        "messages[0].content[0].text has '<image>', which Amazon Nova reserves",
    ),
    ("converse", asked({"image": {}}), "messages[0].content[0].image.format is missing"),
    (
        "converse",
        asked(picture(form="bmp")),
        "messages[0].content[0].image.format is 'bmp', allowed: png, jpeg, gif, webp",
    ),
    (
        "converse",
        asked({"video": {"format": "mp4"}}),
        "messages[0].content[0].video.source is missing",
    ),
    (
        "converse",
        asked({"image": {"format": "png", "source": {"bytes": "aGk="}}}),
        "messages[0].content[0].image.source.s3Location is missing",
    ),
    (
        "converse",
        asked(picture(uri="https://acme/a.png")),
        "messages[0].content[0].image.source.s3Location.uri is 'https://acme/a.png', "
        "allowed: s3://<bucket>/<key>",
    ),
    (
        "converse",
        asked(picture(bucketOwner="42")),
        "messages[0].content[0].image.source.s3Location.bucketOwner is '42', "
        "allowed: the 12 digits of an account",
    ),
    ("converse", asked(*[picture()] * 11), "messages has 11 image blocks, allowed: 10 in a record"),
    (
        "converse",
        asked(*[picture("video", "mov")] * 2),
        "messages has 2 video blocks, allowed: 1 in a record",
    ),
    (
        "converse",
        asked(picture(), picture("video", "mkv")),
        "messages has images and videos, allowed: one of them",
    ),
    (
        "converse",
        {**VERSION, "messages": [ASK, {**ANSWER, "candidates": []}]},
        "messages[1].candidates is no field of this message, needed: content",
    ),
    (
        "converse",
        {**VERSION, "messages": [ASK, ANSWER, ASK]},
        "messages[2].role is 'user': the last message is of 'assistant'",
    ),
    # converse_preference
    (
        "converse_preference",
        {"messages": [ASK, ANSWER]},
        "messages[1].content is no field of this message, needed: candidates",
    ),
    (
        "converse_preference",
        {"messages": [ASK, {"role": "assistant"}]},
        "messages[1].candidates is missing",
    ),
    (
        "converse_preference",
        {"messages": [ASK]},
        "messages[0].role is 'user': the last message is of 'assistant'",
    ),
    ("converse_preference", chosen(), "messages[1].candidates is empty"),
    ("converse_preference", chosen(GOOD), "messages[1].candidates has 1 candidate, needed: 2"),
    (
        "converse_preference",
        chosen(GOOD, candidate("No", "rejected")),
        "messages[1].candidates[1].preferenceLabel is 'rejected', allowed: preferred, non-preferred",
    ),
    (
        "converse_preference",
        chosen(GOOD, {"content": [{"text": "No"}]}),
        "messages[1].candidates[1].preferenceLabel is missing",
    ),
    (
        "converse_preference",
        chosen(GOOD, {"preferenceLabel": "preferred"}),
        "messages[1].candidates[1].content is missing",
    ),
    (
        "converse_preference",
        chosen(GOOD, candidate("Sure")),
        "messages[1].candidates has no candidate that is non-preferred",
    ),
    (
        "converse_preference",
        chosen(GOOD, candidate("Yes", "non-preferred")),
        "messages[1].candidates[1].content is the same as a preferred candidate's",
    ),
    (
        "converse_preference",
        {"messages": chosen(GOOD, BAD)["messages"][1:]},
        "messages[0].role is 'assistant': the first message is of 'user'",
    ),
    # reinforcement
    ("reinforcement", {"reference_answer": "4"}, "messages is missing"),
    ("reinforcement", {"messages": [HI]}, "reference_answer is missing"),
    ("reinforcement", {"messages": [HI], "reference_answer": {}}, "reference_answer is empty"),
    (
        "reinforcement",
        {"messages": [HI, YO], "reference_answer": "4"},
        "messages[1].role is 'assistant': the last message is of 'user'",
    ),
    ("reinforcement", {"id": 7, "messages": [HI]}, "id must be a string, given a number"),
    (
        "reinforcement",
        {"messages": [HI], "reference_answer": "4", "tools": {}},
        "tools must be a list, given an object",
    ),
    # Bedrock
    ("bedrock_prompt", {"prompt": "a"}, "completion is missing"),
    ("bedrock_prompt", {"prompt": [HI], "completion": "b"}, "prompt must be a string, given a list"),
    (
        "bedrock_prompt",
        {"input": "a", "output": "b"},
        "input is no field of bedrock_prompt: a data set holds one format",
    ),
    ("bedrock_chat", {"system": " ", "messages": [HI, YO]}, "system is empty"),
    (
        "bedrock_chat",
        {"messages": [SYSTEM, HI, YO]},
        "messages[0].role is 'system', allowed: user, assistant",
    ),
    (
        "bedrock_chat",
        {"messages": [HI, YO], "id": "1"},
        "id is no field of bedrock_chat, allowed: system, messages",
    ),
    ("continued_pretraining", {"text": "a"}, "input is missing"),
    (
        "continued_pretraining",
        {"input": "a", "output": "b"},
        "output is no field of continued_pretraining: a data set holds one format",
    ),
    # evaluation
    ("evaluation", {"response": "a"}, "query is missing"),
    ("evaluation", {"query": "a", "response": ""}, "response is empty"),
    ("evaluation", {"query": "a", "images": ["x"]}, "images[0] must be an object, given a string"),
    ("evaluation", {"query": "a", "images": [{}]}, "images[0].data is missing"),
]


@pytest.mark.parametrize(("format", "line", "message"), MALFORMED)
def test_a_malformed_line_is_reported_in_these_words(format: str, line: Any, message: str) -> None:
    raw = line if isinstance(line, (str, bytes)) else json.dumps(line)
    sound = json.dumps(SOUND[format][0])
    found, entries = read(format, sound, raw, sound)
    assert (found.rows, found.bad, found.problems) == (3, 1, [(2, message)])
    assert message.startswith(found.fields.get(2, ""))
    assert len(entries) == 2


def test_the_table_covers_every_format_and_repeats_nothing() -> None:
    assert {format for format, _, _ in MALFORMED} == set(FORMATS) == set(SOUND)
    assert len({(format, str(line)) for format, line, _ in MALFORMED}) == len(MALFORMED) >= 60


@pytest.mark.parametrize("format", FORMATS)
def test_sound_records_are_taken_in_every_way_to_write_them(format: str) -> None:
    for record in SOUND[format]:
        spaced = json.dumps(record, separators=(" , ", " : "), ensure_ascii=False)
        turned = json.dumps(dict(reversed(record.items())))
        lines = [json.dumps(record), spaced, turned, json.dumps(record) + "\r", " " + json.dumps(record)]
        found, entries = read(format, *lines, "", "  ")
        assert (found.problems, found.rows, found.lines) == ([], 5, 7)
        assert len({ENTRY.unpack(entry)[0] for entry in entries}) == 1, "one record, one digest"


@pytest.mark.parametrize("format", FORMATS)
def test_records_that_differ_have_different_digests(format: str) -> None:
    digests = {digest(record, FORMATS[format]) for record in SOUND[format]}
    assert len(digests) == len(SOUND[format])


@pytest.mark.parametrize(
    ("format", "record"),
    [
        ("prompt_completion", lambda one, two: {"prompt": one, "completion": two}),
        ("chat", lambda one, two: {"messages": [{**HI, "content": one}, {**YO, "content": two}]}),
        ("preference", lambda one, two: {"prompt": one, "chosen": two, "rejected": "x"}),
        ("converse", lambda one, two: asked({"text": one}) | {"system": [{"text": two}]}),
    ],
)
def test_texts_that_hold_what_sets_texts_apart_are_told_apart(format: str, record: Any) -> None:
    texts = [("a\0b", "c"), ("a", "b\0c")]
    assert len({digest(record(*two), FORMATS[format]) for two in texts}) == 2


VALUES = st.sampled_from(
    ["", " ", "Hi", "User: Hi", "user", "assistant", "system", "bedrock-conversation-2024", "a\0b", 0, 1.5]
) | st.sampled_from([None, True, [], {}])
KEYS = st.sampled_from(
    [*plain.FIELDS, "ability", "candidates", "extra_info", "images", "metadata", "reward_model", "tools", "x"]
)
TREES = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
RECORDS = st.sampled_from([record for some in SOUND.values() for record in some])


@st.composite
def nearly_sound(draw: st.DrawFn) -> Any:
    """A sound record of any format in which some values are replaced, and fields are left out or added."""
    record: Any = json.loads(json.dumps(draw(RECORDS)))
    for _ in range(draw(st.integers(0, 2))):
        inner = record
        while isinstance(inner, (dict, list)) and inner:
            key = draw(st.sampled_from(list(inner) if isinstance(inner, dict) else range(len(inner))))
            if not isinstance(inner[key], (dict, list)) or draw(st.booleans()):
                break
            inner = inner[key]
        if isinstance(inner, (dict, list)) and inner:
            if draw(st.booleans()):
                inner[key] = draw(TREES)
            else:
                del inner[key]
    return record


@settings(deadline=None, max_examples=150)
@given(nearly_sound() | TREES, st.sampled_from(sorted(FORMATS)))
@example([["prompt", "a"], ["completion", "b"]], "prompt_completion")
@example({"messages": ["ab", "cd"]}, "chat")
@example(
    {"messages": [[["role", "user"], ["content", "a"]], [["role", "assistant"], ["content", "b"]]]}, "chat"
)
@example({**VERSION, "messages": [list(map(list, ASK.items())), list(map(list, ANSWER.items()))]}, "converse")
@example({**VERSION, "messages": [{"role": "user", "content": [[["text", "Hi"]]]}, ANSWER]}, "converse")
def test_what_is_recognized_at_once_is_what_is_judged_sound(record: Any, format: str) -> None:
    form = FORMATS[format]
    try:
        texts = form.recognize(plain.pairs(record))
    except (ValueError, TypeError, LookupError, AttributeError):
        return
    assert isinstance(record, dict)
    assert form.judge(record) is None
    assert all(isinstance(text, str) for text in texts)
    assert texts[0] in form.forms(record) or not texts[0]


@settings(deadline=None, max_examples=100)
@given(nearly_sound() | TREES, st.sampled_from(sorted(FORMATS)))
def test_any_json_value_is_judged_without_an_error(record: Any, format: str) -> None:
    found, entries = read(format, json.dumps(record))
    assert len(entries) + found.bad == found.rows == 1


@pytest.mark.parametrize("format", FORMATS)
def test_the_usual_records_are_recognized_at_once(format: str) -> None:
    unusual = {
        "prompt_completion": {4},  # with a character that sets texts apart
        "chat": {2},  # with a name in a message
        "preference": {1},
        "verifiable": {3},
        "converse": {2, 3},
        "converse_preference": {1},
        "reinforcement": {1},
        "evaluation": {2},
    }
    for number, record in enumerate(SOUND[format]):
        if number not in unusual.get(format, ()):
            assert len(FORMATS[format].recognize(plain.pairs(record))) > 1


@pytest.mark.parametrize("format", bench_records.SAMPLES)
def test_the_records_that_speed_is_measured_with_are_recognized_at_once(format: str) -> None:
    writer = bench_records.Writer()
    for _ in range(20):
        line = json.dumps(bench_records.SAMPLES[format](writer))
        assert len(FORMATS[format].recognize(DECODER.decode(line))) > 1


def test_speed_is_measured_with_every_format() -> None:
    assert set(bench_records.SAMPLES) == set(FORMATS)


DIFFERENT: list[tuple[dict[str, Any], str]] = [
    ({"id": "1", "reference_answer": "s", "messages": [HI, YO, HI]}, "reinforcement"),
    ({"1": "s", "reference_answer": "1", "messages": [HI, YO, HI]}, "reinforcement"),
    ({"reference_answer": {"a": "1"}, "messages": [HI]}, "reinforcement"),
    ({"reference_answer": {"a": 1}, "messages": [HI]}, "reinforcement"),
    ({"reference_answer": {"a": True}, "messages": [HI]}, "reinforcement"),
    ({"reference_answer": {"a": 1.0}, "messages": [HI]}, "reinforcement"),
    ({"reference_answer": '{"a": 1}', "messages": [HI]}, "reinforcement"),
    ({"prompt": [HI], "ability": "Hi"}, "verifiable"),
    ({"prompt": [HI], "data_source": "Hi"}, "verifiable"),
    ({"prompt": "Hi"}, "verifiable"),
    ({"prompt": [HI]}, "verifiable"),
    ({"prompt": [SYSTEM, HI]}, "verifiable"),
    ({"prompt": "Hi", "extra_info": {}}, "verifiable"),
    ({"prompt": "Hi", "extra_info": {"a": None}}, "verifiable"),
    (chosen(GOOD, BAD), "converse_preference"),
    (chosen(BAD, GOOD), "converse_preference"),
    ({**VERSION, **chosen(GOOD, BAD)}, "converse_preference"),
    ({"messages": [HI, YO], "id": "1"}, "chat"),
    ({"messages": [HI, YO], "id": 1}, "chat"),
    ({"messages": [HI, YO], "x": 1}, "chat"),
    ({"messages": [HI, YO]}, "chat"),
]


def test_records_that_are_alike_have_different_digests() -> None:
    assert all(FORMATS[format].judge(record) is None for record, format in DIFFERENT)
    assert len({digest(record, FORMATS[format]) for record, format in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize(
    ("length", "tokens"), [("1K", 1024), ("8K", 8192), ("1024K", 1_048_576), (300, 300), (None, None)]
)
def test_a_sequence_length_is_a_number_of_tokens(length: Any, tokens: int | None) -> None:
    assert most_tokens(length) == tokens


@pytest.mark.parametrize("length", ["4k", "0K", "K", "4096", "4 K"])
def test_a_sequence_length_of_another_form_is_refused(length: str) -> None:
    with pytest.raises(ValueError, match="allowed: 1K to 1024K"):
        most_tokens(length)


@pytest.mark.parametrize(
    ("format", "record", "size"),
    [
        ("prompt_completion", {"prompt": "a" * 20, "completion": "b" * 20}, 40),
        ("chat", {"messages": [SYSTEM, HI, {"role": "assistant", "content": "ü" * 15}]}, 40),
        ("preference", {"prompt": "a" * 10, "chosen": "b" * 30, "rejected": "c" * 25}, 40),
        ("converse_preference", chosen(candidate("b" * 38), candidate("c" * 30, "non-preferred")), 40),
        ("reinforcement", {"messages": [{**HI, "content": "a" * 40}], "reference_answer": "x" * 99}, 40),
        ("verifiable", {"prompt": "a" * 40, "reward_model": {"style": "rule", "ground_truth": "x" * 99}}, 40),
    ],
)
def test_a_record_is_as_long_as_what_the_model_reads(format: str, record: Any, size: int) -> None:
    assert text_bytes(record) == size
    assert read(format, json.dumps(record), limit=size // 4)[0].problems == []
    message = "has about 10 tokens (40 bytes of text / 4), allowed: 9 (SequenceLength)"
    assert read(format, json.dumps(record), limit=9)[0].problems == [(1, message)]


def test_a_record_across_lines_is_no_record() -> None:
    found, _ = read("prompt_completion", '{"prompt": "a",', '"completion": "b"}')
    assert [line for line, _ in found.problems] == [1, 2]

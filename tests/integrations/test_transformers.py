"""The callback for the Trainer of Hugging Face."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ratetheory.observation.faults import FAULTY, faults
from ratetheory.observation.trace import load_trace

transformers = pytest.importorskip("transformers", reason="needs transformers")
pytest.importorskip("accelerate", reason="needs accelerate")


def trainer(folder, accumulate, **settings):
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=20,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=8,
    )
    tokens = torch.randint(1, 20, (64, 6), generator=torch.Generator().manual_seed(1))
    examples = [{"input_ids": row, "labels": int(row[0] > row[1])} for row in tokens]
    arguments = transformers.TrainingArguments(
        str(folder),
        max_steps=8,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=accumulate,
        logging_steps=1,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        **settings,
    )
    return transformers.Trainer(transformers.BertForSequenceClassification(config), arguments, train_dataset=examples)


@pytest.mark.parametrize(
    ("accumulate", "settings"), [(1, {}), (2, {"bf16": True, "weight_decay": 0.1, "lr_scheduler_type": "constant"})]
)
def test_a_run_is_recorded_with_its_losses(tmp_path, capsys, accumulate, settings):
    from ratetheory.integrations.transformers import WatchRates

    made = trainer(tmp_path / "trainer", accumulate, **settings)
    made.add_callback(WatchRates(made, output=tmp_path / "run"))
    made.train()
    trace = load_trace(tmp_path / "run")
    assert not [fault for fault in faults(trace) if fault.kind in FAULTY]
    assert (trace.dataset["backward_passes"].values == accumulate).all()
    logged = [entry["loss"] for entry in made.state.log_history if "loss" in entry]
    np.testing.assert_allclose(trace.dataset["loss"].values, logged, atol=1e-4)
    shown = [entry for entry in made.state.log_history if any(name.startswith("effective_rate/") for name in entry)]
    assert len(shown) == 1
    capsys.readouterr()


def test_a_run_that_failed_does_not_watch_the_next(tmp_path, capsys):
    from ratetheory.integrations.transformers import WatchRates

    class Fails(transformers.TrainerCallback):
        def on_step_end(self, args, state, control, **given):
            if state.global_step == 3 and not failed:
                failed.append(True)
                raise MemoryError

    failed = []
    made = trainer(tmp_path / "trainer", 1)
    watch = WatchRates(made, output=tmp_path / "first")
    made.add_callback(watch)
    made.add_callback(Fails())
    with pytest.raises(MemoryError):
        made.train()
    watch.output = tmp_path / "second"
    made.train()
    assert load_trace(tmp_path / "first").dataset.sizes["step"] == 3
    assert load_trace(tmp_path / "second").dataset.sizes["step"] == 8
    capsys.readouterr()

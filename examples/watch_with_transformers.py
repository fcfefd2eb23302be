"""The Trainer of Hugging Face: one callback watches what layer normalisation makes scale-invariant, here in a tiny model."""

import tempfile
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
from transformers.utils import logging

from ratetheory.integrations.transformers import WatchRates
from ratetheory.observation.faults import FAULTY, faults, gradient_notes
from ratetheory.observation.trace import load_trace

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.manual_seed(0)
tokens = torch.randint(5, 50, (256, 12))
examples = [{"input_ids": row, "labels": int(row[0] > row[1])} for row in tokens]
config = BertConfig(
    vocab_size=50,
    hidden_size=32,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=64,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
)

with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        folder,
        max_steps=40,
        per_device_train_batch_size=16,
        gradient_accumulation_steps=2,
        learning_rate=1e-3,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = Trainer(BertForSequenceClassification(config), arguments, train_dataset=examples)
    callback = WatchRates(trainer, output=Path(folder) / "run")
    trainer.add_callback(callback)
    trainer.train()
    trace = load_trace(Path(folder) / "run")

violated = [fault for fault in faults(trace) if fault.kind in FAULTY]
print(f"{trace.dataset.sizes['block']} blocks over {trace.dataset.sizes['step']} steps, {len(violated)} violations")
for note in gradient_notes(trace):
    print(note)
for layer, rate in trainer.state.log_history[-1].items():
    if layer.startswith("effective_rate/"):
        print(f"{layer}: {rate:.3g}")

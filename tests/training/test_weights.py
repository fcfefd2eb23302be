"""Checkpoints of any program: where the tensors are, and what is refused."""

import builtins

import pytest
import torch

from ratetheory.training.weights import load_weights

W = torch.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda t: t,
        lambda t: {"state_dict": t, "epoch": 3},
        lambda t: {"model": t, "optimizer": {"state": {}}},
        lambda t: {"epoch": torch.tensor(3), "module": {"state_dict": t}},
        lambda t: {"model_state_dict": t},
    ],
)
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module."])
def test_tensors_are_found_where_programs_put_them(wrap, prefix, tmp_path):
    torch.save(wrap({f"{prefix}conv.weight": W, f"{prefix}steps": torch.tensor(4)}), tmp_path / "w.pt")
    assert torch.equal(load_weights(tmp_path / "w.pt", ["conv.weight"])["conv.weight"], W)


def test_the_name_itself_comes_first_and_two_candidates_are_none(tmp_path):
    torch.save({"module.w": W, "w": W + 1}, tmp_path / "a.pt")
    assert torch.equal(load_weights(tmp_path / "a.pt", ["w"])["w"], W + 1)
    torch.save({"module.w": W, "_orig_mod.w": W + 1}, tmp_path / "b.pt")
    with pytest.raises(ValueError, match=r"'w' could be 'module.w' or '_orig_mod.w'"):
        load_weights(tmp_path / "b.pt", ["w"])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_safetensors_are_read_in_every_format(dtype, tmp_path):
    safetensors = pytest.importorskip("safetensors.torch")
    safetensors.save_file({"module.w": W.to(dtype), "other": W + 1}, tmp_path / "w.safetensors")
    found = load_weights(tmp_path / "w.safetensors", ["w"])
    assert set(found) == {"w"}
    assert torch.equal(found["w"], W.to(dtype))


def test_corrupt_safetensors_and_a_missing_library_are_one_line(tmp_path, monkeypatch):
    pytest.importorskip("safetensors")
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"\xff" * 64)
    with pytest.raises(ValueError, match="corrupt, or no safetensors"):
        load_weights(path, ["w"])
    plain = builtins.__import__

    def without(name, *rest):
        if name.startswith("safetensors"):
            raise ModuleNotFoundError("No module named 'safetensors'", name="safetensors")
        return plain(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError):
        load_weights(path, ["w"])


def test_unknown_names_list_a_few(tmp_path):
    torch.save({f"layer{k}.weight": W for k in range(9)}, tmp_path / "w.pt")
    with pytest.raises(ValueError, match="there is no tensor") as error:
        load_weights(tmp_path / "w.pt", ["../../etc/passwd"])
    assert "there is no tensor '../../etc/passwd'; of 9 there are 'layer0.weight', " in str(error.value)
    assert "layer7" not in str(error.value)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.arange(4), "is int64, strided; allowed: dense float16"),
        (torch.ones(2, dtype=torch.complex64), "is complex64"),
        (torch.eye(3).to_sparse(), "sparse_coo"),
        (torch.ones(1).expand(10**9), "1000000000 entries that share memory"),
        (torch.ones(0, 3), "is empty"),
    ],
)
def test_tensors_of_other_kinds_are_refused(tensor, message, tmp_path):
    torch.save({"w": tensor}, tmp_path / "w.pt")
    with pytest.raises(ValueError, match=message):
        load_weights(tmp_path / "w.pt", ["w"])


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, {"model": {"epoch": 1}}, [W], {3: W}])
def test_files_without_named_tensors_are_refused(content, tmp_path):
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(ValueError, match=r"no tensors at the top|a checkpoint is expected"):
        load_weights(tmp_path / "w.pt", ["w"])

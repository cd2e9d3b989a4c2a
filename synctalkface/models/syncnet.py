"""The sync expert: do these five mouths and this sound belong together? (paper, section 3.3; as Wav2Lip trains it)

N windows, 5 frames of 3 x 64 x 128 (the lower half of the face), 80 bands x 16 mel steps, C channels.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import normalize

from synctalkface.config import Config
from synctalkface.models.layers import WINDOW_STRIDES, VectorEncoder


class SyncNet(nn.Module):
    """Two encoders into one space, where mouths and the sound they made lie close.

    Features are ReLU'd and of length one, so that the cosine of two of them lies in 0..1 and -log cosine is defined.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        net, side = config.syncnet, config.face.size
        self.face = VectorEncoder(
            inputs=3 * net.frames,
            size=(side // 2, side),
            widths=net.face_widths,
            outputs=net.channels,
            residuals=net.residuals,
            kernel=7 if net.fold == 1 else 3,
            fold=net.fold,
        )
        self.audio = VectorEncoder(
            inputs=1,
            size=(config.audio.bands, net.audio_steps),
            widths=net.audio_widths,
            outputs=net.channels,
            residuals=net.residuals,
            strides=WINDOW_STRIDES,
        )

    def see(self, frames: Tensor) -> Tensor:
        """frames (N, 5, 3, 64, 128) of lower halves in 0..1 -> (N, C) of length one."""
        return normalize(self.face(frames.flatten(1, 2)).float(), dim=-1)  # stacked on channels: (N, 15, 64, 128)

    def hear(self, mel: Tensor) -> Tensor:
        """mel (N, 80, 16) -> (N, C) of length one."""
        return normalize(self.audio(mel.unsqueeze(1)).float(), dim=-1)


def cosine(seen: Tensor, heard: Tensor) -> Tensor:
    """The cosine of each pair: (N, C) twice -> (N,) in 0..1."""
    return (seen * heard).sum(-1)
